namespace Waggle.Hubble.Relay;

/// <summary>How patient a relay is, and how much it holds.</summary>
public sealed record RelayOptions
{
    /// <summary>How long an event may wait for older ones of nodes that are silent.</summary>
    public TimeSpan Hold { get; init; } = TimeSpan.FromMilliseconds(250);

    /// <summary>How long a node may take to begin with its answer, and to go on with one that ends, before others do not wait for it any more.</summary>
    public TimeSpan Patience { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>After this silence a node's answer that should end is given up.</summary>
    public TimeSpan GiveUp { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>Limit of a call that asks a node for one thing.</summary>
    public TimeSpan CallTimeout { get; init; } = TimeSpan.FromSeconds(2);

    /// <summary>Time between looks at a node's health.</summary>
    public TimeSpan HealthInterval { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>Shortest and longest time between attempts to reach a node or the peer service.</summary>
    public TimeSpan MinBackoff { get; init; } = TimeSpan.FromMilliseconds(500);

    public TimeSpan MaxBackoff { get; init; } = TimeSpan.FromSeconds(15);

    /// <summary>Events of one node that wait to be merged, per client.</summary>
    public int BufferPerNode { get; init; } = 128;

    /// <summary>What one node may say in an answer that ends and asked for no number: more than the largest ring holds is a lie.</summary>
    public long MaxAnswer { get; init; } = 1 << 24;

    /// <summary>Nodes that one relay serves at most.</summary>
    public int MaxNodes { get; init; } = 5000;
}
