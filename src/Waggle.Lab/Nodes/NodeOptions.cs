using System.Net;

namespace Waggle.Lab.Nodes;

/// <summary>One node of a lab.</summary>
public sealed record NodeOptions
{
    public required string Name { get; init; }

    /// <summary>Its addresses on the underlay, the preferred family first.</summary>
    public required IReadOnlyList<IPAddress> Addresses { get; init; }

    public bool ControlPlane { get; init; }

    /// <summary>Keeps ordinary pods off this node.</summary>
    public bool NoSchedule { get; init; }

    public string? Zone { get; init; }

    /// <summary>Where pods reach the API server.</summary>
    public required IPEndPoint ApiServer { get; init; }

    /// <summary>The cluster's certificate authority, PEM.</summary>
    public required string CaPem { get; init; }

    /// <summary>Names of all nodes with their addresses, for /etc/hosts.</summary>
    public IReadOnlyList<KeyValuePair<string, IPAddress>> Hosts { get; init; } = [];

    /// <summary>The Kubernetes version that the node reports.</summary>
    public string KubeletVersion { get; init; } = "v1.32.0";

    /// <summary>Pods that fit on the node.</summary>
    public int MaxPods { get; init; } = 1100;
}
