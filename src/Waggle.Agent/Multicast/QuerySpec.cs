using System.Net;

namespace Waggle.Agent.Multicast;

/// <summary>What a membership query says, for both protocols.</summary>
internal sealed record QuerySpec
{
    /// <summary>6 bytes.</summary>
    public required byte[] SourceMac { get; init; }

    /// <summary>IGMP: the router address of this node. MLD: link-local, members ignore queries from anything else.</summary>
    public required IPAddress Source { get; init; }

    /// <summary>Null for a general query.</summary>
    public IPAddress? Group { get; init; }

    /// <summary>Time members have to answer.</summary>
    public required TimeSpan MaxResponse { get; init; }

    /// <summary>IGMP: 2 or 3. MLD: 1 or 2. The lower version has no fields below.</summary>
    public required int Version { get; init; }

    public int Robustness { get; init; } = 2;

    /// <summary>Time between general queries.</summary>
    public TimeSpan Interval { get; init; } = TimeSpan.FromSeconds(125);

    /// <summary>Other routers must not shorten their timers (sent when a member has already answered).</summary>
    public bool Suppress { get; init; }

    /// <summary>Makes a group-specific query source-specific.</summary>
    public IReadOnlyList<IPAddress> Sources { get; init; } = [];
}
