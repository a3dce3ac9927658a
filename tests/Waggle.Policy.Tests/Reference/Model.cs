namespace Waggle.Policy.Tests.Reference;

/// <summary>A condition on a label, as a policy writes it; <c>=</c> stands for an entry of matchLabels.</summary>
internal sealed record MCondition(string Key, string Operator, string[] Values);

internal sealed record MSelector(List<MCondition> Conditions)
{
    public static MSelector Of(params MCondition[] conditions) => new([.. conditions]);
}

internal sealed record MCidr(string? Cidr, string? Group, List<string> Except);

internal sealed record MService(string Namespace, string? Name, MSelector? Selector);

internal sealed record MPort(string Port, int? EndPort, string? Protocol);

internal sealed record MPorts(List<MPort> Ports, string? L7);

internal sealed record MIcmp(string? Family, string Type, bool IsName);

/// <summary>An entry of ingress, ingressDeny, egress or egressDeny. Null: the field is not there.</summary>
internal sealed class MSection
{
    public bool IsIngress { get; init; }

    public bool IsDeny { get; init; }

    public List<MSelector>? Endpoints { get; set; }

    public List<MSelector>? Requires { get; set; }

    public List<MSelector>? Nodes { get; set; }

    public List<string>? Cidrs { get; set; }

    public List<MCidr>? CidrSet { get; set; }

    public List<string>? Entities { get; set; }

    public List<MService>? Services { get; set; }

    public bool HasFqdns { get; set; }

    public bool HasGroups { get; set; }

    public List<MPorts>? ToPorts { get; set; }

    public List<List<MIcmp>>? Icmps { get; set; }

    public string? Authentication { get; set; }
}

/// <summary>A peer of a NetworkPolicy.</summary>
internal sealed record MNetPeer(MSelector? Pods, MSelector? Namespaces, MCidr? Block);

internal sealed record MNetPort(string? Protocol, string? Port, int? EndPort);

internal sealed record MNetRule(bool IsIngress, List<MNetPeer>? Peers, List<MNetPort>? Ports);

/// <summary>A spec.</summary>
internal sealed class MSpec
{
    public MSelector Subject { get; init; } = new([]);

    public bool IsNode { get; init; }

    public bool? DenyIngress { get; init; }

    public bool? DenyEgress { get; init; }

    public List<MSection> Sections { get; init; } = [];
}

internal enum MKind
{
    Network,
    Cilium,
    Clusterwide,
}

internal sealed class MPolicy
{
    public MKind Kind { get; init; }

    public string Namespace { get; init; } = "";

    public string Name { get; init; } = "";

    public bool IsOnTrial { get; init; }

    public List<MSpec> Specs { get; init; } = [];

    // NetworkPolicy only.
    public MSelector Pods { get; init; } = new([]);

    public List<string>? Types { get; init; }

    public List<MNetRule> NetRules { get; init; } = [];
}

internal enum MWhat
{
    Pod,
    Host,
    RemoteNode,
    World,
    Init,
    Health,
    Ingress,
    Unmanaged,
}

/// <summary>Something that sends or receives.</summary>
internal sealed class MEndpoint
{
    public int Id { get; init; }

    public MWhat What { get; init; }

    public string Namespace { get; init; } = "";

    public Dictionary<string, string> Labels { get; init; } = [];

    public List<(string Name, string Protocol, int Port)> Ports { get; init; } = [];

    public bool IsApiServer { get; init; }

    /// <summary>World only.</summary>
    public string Address { get; init; } = "";
}

internal sealed class MCluster
{
    public string Name { get; init; } = "kind";

    public Dictionary<string, Dictionary<string, string>> Namespaces { get; init; } = [];

    public List<MEndpoint> Endpoints { get; init; } = [];

    public List<MPolicy> Policies { get; init; } = [];

    public Dictionary<string, List<string>> Groups { get; init; } = [];

    public List<MClusterService> Services { get; init; } = [];

    /// <summary>default, always or never.</summary>
    public string Mode { get; set; } = "default";
}

internal sealed record MClusterService(string Namespace, string Name, Dictionary<string, string> Labels, Dictionary<string, string>? Selector, List<string> Backends);
