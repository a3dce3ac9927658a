using System.Collections.ObjectModel;

namespace Waggle.Lab.Nodes.Launching;

/// <summary>Something that appears in a file tree. Paths are those of the node (or, for a node, of the machine).</summary>
/// <param name="Source">File or directory to show.</param>
/// <param name="Target">Where; missing directories are made.</param>
internal sealed record MountSpec(string Source, string Target)
{
    /// <summary>What the source must be or is made to be: <c>any</c>, or a hostPath type; empty makes a missing directory.</summary>
    public string Kind { get; init; } = "any";

    /// <summary><c>None</c>, <c>HostToContainer</c> or <c>Bidirectional</c>.</summary>
    public string Propagation { get; init; } = "None";

    public bool ReadOnly { get; init; }

    /// <summary>Mounts below the source appear too.</summary>
    public bool Recursive { get; init; } = true;

    /// <summary>Path inside the source; never leads out of it.</summary>
    public string? SubPath { get; init; }

    /// <summary>The directory is given to this group (a pod's fsGroup).</summary>
    public long? Group { get; init; }
}

/// <summary>The program to become, and as whom.</summary>
internal sealed record ProcessSpec
{
    public required IReadOnlyList<string> Arguments { get; init; }

    public IReadOnlyDictionary<string, string> Environment { get; init; } = ReadOnlyDictionary<string, string>.Empty;

    public string WorkingDirectory { get; init; } = "/";

    public long User { get; init; }

    public long Group { get; init; }

    public IReadOnlyList<long> SupplementalGroups { get; init; } = [];

    /// <summary>Bit N keeps capability N (capabilities(7)); all others are dropped for ever.</summary>
    public ulong Capabilities { get; init; } = ulong.MaxValue;

    public bool NoNewPrivileges { get; init; }

    /// <summary>A terminal of the container instead of three streams.</summary>
    public bool Terminal { get; init; }

    public int? OomScoreAdjust { get; init; }
}

/// <summary>A container to start.</summary>
internal sealed record ContainerSpec
{
    /// <summary>Unique on the node; names its directory.</summary>
    public required string Id { get; init; }

    /// <summary>Path below the node's cgroup, e.g. <c>pods/UID/ID</c>.</summary>
    public required string Cgroup { get; init; }

    /// <summary>Id of the sandbox whose namespaces it joins.</summary>
    public required string Sandbox { get; init; }

    public required ProcessSpec Process { get; init; }

    public bool HostNetwork { get; init; }

    public bool HostPid { get; init; }

    public bool HostIpc { get; init; }

    public bool Privileged { get; init; }

    public bool ReadOnlyRoot { get; init; }

    public IReadOnlyList<MountSpec> Mounts { get; init; } = [];

    /// <summary>Limits such as <c>memory.max</c> → bytes; a controller that cgroup v2 lacks here is passed over.</summary>
    public IReadOnlyDictionary<string, string> Limits { get; init; } = ReadOnlyDictionary<string, string>.Empty;
}

/// <summary>A node to make.</summary>
internal sealed record NodeSpec
{
    public required string Name { get; init; }

    /// <summary>Where the node listens for requests; at most 107 bytes.</summary>
    public required string Socket { get; init; }

    /// <summary>An existing, empty cgroup for the node.</summary>
    public required string Cgroup { get; init; }

    /// <summary>On a tmpfs: takes the node's changes to the file system.</summary>
    public required string Directory { get; init; }

    public IReadOnlyList<MountSpec> Mounts { get; init; } = [];

    /// <summary>Kernel parameters of the node's network, e.g. <c>net.ipv4.ip_forward=1</c>.</summary>
    public IReadOnlyList<string> Sysctls { get; init; } = [];
}
