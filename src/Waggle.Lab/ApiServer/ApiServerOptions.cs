using System.Net;
using Microsoft.Win32.SafeHandles;
using Waggle.Lab.Nodes;
using Waggle.Linux;

namespace Waggle.Lab.ApiServer;

/// <summary>Where the API server accepts connections.</summary>
public abstract record ApiEndpoint
{
    private ApiEndpoint() { }

    /// <summary>Binds and listens on an address of the network namespace the process runs in; port 0 lets the kernel choose.</summary>
    public sealed record Tcp(IPEndPoint Address) : ApiEndpoint;

    /// <summary>A TCP socket that already listens, for instance one made inside another network namespace. The server takes ownership.</summary>
    public sealed record Listening(FileDescriptor Socket) : ApiEndpoint;
}

/// <summary>Everything an <see cref="ApiServerHost"/> needs to know. Immutable once the host has started.</summary>
public sealed record ApiServerOptions
{
    /// <summary>Directory of the journal and the snapshots; created (0700) when missing.</summary>
    public required string DataDirectory { get; init; }

    public required ClusterPki Pki { get; init; }

    public required IReadOnlyList<ApiEndpoint> Endpoints { get; init; }

    /// <summary>Finds the node runtimes for exec, attach, logs and port-forward. Null: those subresources answer 503.</summary>
    public INodeConnector? Nodes { get; init; }

    /// <summary>Address published in the Endpoints of the Service <c>kubernetes</c>; null leaves them out.</summary>
    public IPEndPoint? AdvertiseAddress { get; init; }

    /// <summary>IPv4 range of Service cluster addresses.</summary>
    public IPNetwork ServiceCidr { get; init; } = IPNetwork.Parse("10.96.0.0/16");

    /// <summary>IPv6 range of Service cluster addresses; null serves no IPv6 or dual-stack Services.</summary>
    public IPNetwork? ServiceCidrV6 { get; init; }

    /// <summary>Checks after the schema's own, for kinds with rules a schema cannot say.</summary>
    public IReadOnlyList<IAdmissionValidator> Validators { get; init; } = [new MulticastGroupValidator()];

    /// <summary>Null: the stored roles and bindings decide.</summary>
    public IAuthorizer? Authorizer { get; init; }

    public TimeProvider Time { get; init; } = TimeProvider.System;

    /// <summary>How long Events are kept.</summary>
    public TimeSpan EventTtl { get; init; } = TimeSpan.FromHours(1);

    /// <summary>How many changes of one resource a watch may start or lag behind before it is told 410 Gone.</summary>
    public int WatchWindow { get; init; } = 4096;

    /// <summary>Largest request body, in bytes.</summary>
    public int MaxRequestBytes { get; init; } = 3 * 1024 * 1024;

    /// <summary>Largest stored object, in bytes of its JSON.</summary>
    public int MaxObjectBytes { get; init; } = 1536 * 1024;

    /// <summary>Journal size in bytes after which a snapshot is taken.</summary>
    public long SnapshotAfterBytes { get; init; } = 32L * 1024 * 1024;

    /// <summary>Brings what was written to the journal to the disk.</summary>
    public Action<SafeFileHandle> JournalSync { get; init; } = RandomAccess.FlushToDisk;
}
