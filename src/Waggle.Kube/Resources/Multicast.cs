namespace Waggle.Kube.Resources;

/// <summary>isovalent.com/v1alpha1 IsovalentMulticastGroup: groups that the cluster forwards.</summary>
public sealed record IsovalentMulticastGroup : KubeObject
{
    public IsovalentMulticastGroupSpec Spec { get; init; } = new();

    public IsovalentMulticastGroupStatus? Status { get; init; }
}

public sealed record IsovalentMulticastGroupSpec
{
    public IReadOnlyList<string> GroupAddrs { get => field ?? []; init; }
}

/// <summary>Ours (no status is known in the public format): says, for example, that another resource lists the same group.</summary>
public sealed record IsovalentMulticastGroupStatus
{
    public IReadOnlyList<Condition> Conditions { get => field ?? []; init; }
}

/// <summary>waggle.io/v1alpha1 MulticastNode (cluster-scoped, named as the node): "this node has members of these groups".</summary>
public sealed record MulticastNode : KubeObject
{
    public MulticastNodeSpec Spec { get; init; } = new();
}

public sealed record MulticastNodeSpec
{
    /// <summary>Addresses under which other nodes reach this one through the overlay.</summary>
    public IReadOnlyList<string> NodeAddresses { get => field ?? []; init; }

    public IReadOnlyList<MulticastInterest> Groups { get => field ?? []; init; }
}

public sealed record MulticastInterest
{
    public string Group { get; init; } = "";

    /// <summary>Sources wanted (SSM); empty means any source.</summary>
    public IReadOnlyList<string> Sources { get => field ?? []; init; }
}
