using Waggle.Hubble.Flows;

namespace Waggle.Hubble.Export;

/// <summary>What counts as the same conversation.</summary>
public enum AggregationLevel
{
    /// <summary>Every flow is exported.</summary>
    None,

    /// <summary>Addresses, ports and protocol, both directions together.</summary>
    Connection,

    /// <summary>Identities, the server's port and protocol.</summary>
    Identity,
}

/// <summary>
/// Leaves out flows that say what an earlier one said: of a conversation the first flow is exported, then one for each interval, and at
/// once any with another outcome. Opening and closing of TCP connections count as outcomes. Memory is bounded: when there are too many
/// conversations, all are forgotten, and some are told twice.
/// </summary>
public sealed class FlowAggregation(AggregationLevel level, TimeSpan interval)
{
    private const int MaxConversations = 65_536;

    private readonly Dictionary<Key, long> _seen = [];
    private readonly long _interval = (long)interval.TotalMilliseconds * 1_000_000;

    public static FlowAggregation None { get; } = new(AggregationLevel.None, default);

    /// <summary>Whether the flow says something new.</summary>
    public bool IsNews(in FlowRecord flow)
    {
        // Every record of layer 7 is a piece of news.
        if (level == AggregationLevel.None || flow.Kind != FlowRecordKind.Flow || flow.L7 is not null)
        {
            return true;
        }

        Key key = level == AggregationLevel.Connection ? Connection(in flow) : Identity(in flow);
        if (_seen.TryGetValue(key, out long last) && flow.TimeNs - last < _interval && flow.TimeNs >= last)
        {
            return false;
        }

        if (_seen.Count >= MaxConversations)
        {
            _seen.Clear();
        }

        _seen[key] = flow.TimeNs;
        return true;
    }

    private static Key Connection(in FlowRecord flow)
    {
        bool swap = (flow.Source.High, flow.Source.Low, flow.SourcePort).CompareTo((flow.Destination.High, flow.Destination.Low, flow.DestinationPort)) > 0;
        (FlowAddress a, FlowAddress b) = swap ? (flow.Destination, flow.Source) : (flow.Source, flow.Destination);
        uint ports = swap ? (uint)flow.DestinationPort << 16 | flow.SourcePort : (uint)flow.SourcePort << 16 | flow.DestinationPort;
        return new Key(a, b, ports, Outcome(in flow));
    }

    private static Key Identity(in FlowRecord flow)
    {
        // The server's port is the destination's, or the source's of an answer.
        bool answer = flow.Reply == ReplyState.Yes;
        uint first = answer ? flow.DestinationIdentity : flow.SourceIdentity, second = answer ? flow.SourceIdentity : flow.DestinationIdentity;
        return new Key(new FlowAddress(0, first), new FlowAddress(0, second), answer ? flow.SourcePort : flow.DestinationPort, Outcome(in flow) & 0xffff_ffff_ffff);
    }

    private static ulong Outcome(in FlowRecord flow)
    {
        TcpFlagBits marks = flow.TcpFlags & (TcpFlagBits.Syn | TcpFlagBits.Fin | TcpFlagBits.Rst);
        return flow.Protocol | (ulong)flow.Verdict << 8 | (ulong)flow.DropReason << 16 | (ulong)flow.EventType << 24 | (ulong)flow.Direction << 32 | (ulong)flow.PolicyMatch << 40 | (ulong)marks << 48;
    }

    private readonly record struct Key(FlowAddress First, FlowAddress Second, uint Ports, ulong Outcome);
}
