namespace Waggle.Policy.Compile;

/// <summary>Configuration key <c>enable-policy</c>.</summary>
public enum EnforcementMode
{
    /// <summary>A direction is enforced once a policy with default deny for it selects the endpoint.</summary>
    Default,

    /// <summary>Every endpoint has default deny in both directions.</summary>
    Always,

    /// <summary>Nothing is enforced.</summary>
    Never,
}

/// <summary>Options of a <see cref="PolicyEngine"/>; sizes are those of the kernel's maps.</summary>
public sealed record PolicyEngineOptions
{
    public EnforcementMode Mode { get; init; }

    /// <summary>The cluster's name, for the entity <c>cluster</c>.</summary>
    public string Cluster { get; init; } = "default";

    /// <summary>Number of the first table: above all that the maps hold from before a restart.</summary>
    public uint FirstTable { get; init; } = 1;

    /// <summary>Rows of <c>policy_peers</c>.</summary>
    public int MaxPeers { get; init; } = 1_048_576;

    /// <summary>Rows of <c>policy_rules</c>.</summary>
    public int MaxPorts { get; init; } = 262_144;

    /// <summary>Rows of <c>policy_counters</c>.</summary>
    public const int DefaultMaxRules = 65_536;

    /// <summary>Rows of <c>policy_counters</c>; rule numbers are below.</summary>
    public int MaxRules { get; init; } = DefaultMaxRules;

    /// <summary>Prefixes for which there can be local identities.</summary>
    public int MaxCidrs { get; init; } = 65_536;
}

/// <summary>What is in use of what there is.</summary>
public sealed record PolicyUsage(int Policies, int Identities, int Subjects, int Tables, long Peers, long Ports, int Classes, int Rules, int Cidrs);
