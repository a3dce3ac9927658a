namespace Waggle.Hubble.Flows;

/// <summary>A workload that owns a pod, such as a Deployment.</summary>
public sealed record WorkloadInfo(string Name, string Kind);

/// <summary>A service whose address was meant.</summary>
public sealed record ServiceInfo(string Name, string Namespace);

/// <summary>A network device.</summary>
public sealed record InterfaceInfo(uint Index, string Name);

/// <summary>A policy object whose rule decided.</summary>
/// <param name="Name">Name of the object.</param>
/// <param name="Namespace">Its namespace; empty for cluster-wide ones.</param>
/// <param name="Kind">For example CiliumNetworkPolicy.</param>
/// <param name="Labels">Labels of the rule.</param>
/// <param name="Revision">Revision of the policy repository that decided; 0: not known.</param>
public sealed record PolicyInfo(string Name, string Namespace, string Kind, IReadOnlyList<string> Labels, ulong Revision = 0);

/// <summary>The node on which a flow was seen.</summary>
/// <param name="Name">"cluster/node", or the node alone in the cluster "default".</param>
/// <param name="Labels">"key=value", sorted.</param>
public sealed record NodeInfo(string Name, IReadOnlyList<string> Labels)
{
    /// <summary>Nothing known.</summary>
    public static NodeInfo None { get; } = new("", []);
}

/// <summary>
/// What was known of one side of a flow when it was seen. Immutable, shared by all flows of that side: a flow keeps the names of a pod
/// that is gone.
/// </summary>
public sealed class EndpointInfo
{
    private Protocol.Flows.Endpoint? _message;
    private byte[]? _bytes;

    /// <summary>Nothing known.</summary>
    public static EndpointInfo None { get; } = new();

    /// <summary>Number of the endpoint on this node; 0: not a local endpoint.</summary>
    public uint Id { get; init; }

    /// <summary>Identity the labels belong to; a flow's own identity may come from the packet and differ for a moment.</summary>
    public uint Identity { get; init; }

    /// <summary>Name of the cluster.</summary>
    public string ClusterName { get; init; } = "";

    /// <summary>Namespace of the pod; empty for what is no pod.</summary>
    public string Namespace { get; init; } = "";

    /// <summary>Name of the pod; empty for what is no pod.</summary>
    public string PodName { get; init; } = "";

    /// <summary>"source:key=value", sorted by ordinal comparison.</summary>
    public IReadOnlyList<string> Labels { get; init; } = [];

    /// <summary>Who owns the pod.</summary>
    public IReadOnlyList<WorkloadInfo> Workloads { get; init; } = [];

    /// <summary>The protobuf form with <see cref="Identity"/>, made once. Shared: never change it.</summary>
    internal Protocol.Flows.Endpoint Message => _message ??= Codec.FlowEncoder.Endpoint(this, Identity);

    /// <summary>The same as bytes, made once.</summary>
    internal byte[] MessageBytes => _bytes ??= Google.Protobuf.MessageExtensions.ToByteArray(Message);

    /// <summary>"namespace/pod", or empty.</summary>
    public override string ToString() => PodName.Length > 0 ? $"{Namespace}/{PodName}" : "";
}
