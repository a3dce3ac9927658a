using Google.Protobuf;
using Waggle.Hubble.Codec;
using Waggle.Hubble.Flows;
using Waggle.Hubble.Protocol.Flows;

namespace Waggle.Hubble.Export;

/// <summary>How many flows one flow stands for, as the protocol's <c>Aggregate</c>; all 0: for itself alone.</summary>
public readonly record struct FlowCounts(uint Ingress, uint Egress, uint Unknown)
{
    public bool IsNone => (Ingress | Egress | Unknown) == 0;

    /// <summary>With one more.</summary>
    public FlowCounts And(TrafficDirection direction) => direction switch
    {
        TrafficDirection.Ingress => this with { Ingress = Ingress + 1 },
        TrafficDirection.Egress => this with { Egress = Egress + 1 },
        _ => this with { Unknown = Unknown + 1 },
    };

    /// <summary>The protocol's form.</summary>
    public Aggregate Message() => new() { IngressFlowCount = Ingress, EgressFlowCount = Egress, UnknownDirectionFlowCount = Unknown };
}

/// <summary>
/// Joins flows whose named fields are equal: of each group the first flow is kept, and how many there were in each direction. Memory is
/// bounded: with too many groups, <see cref="IsFull"/> asks for them to be handed over early.
/// </summary>
/// <param name="fields">What makes flows equal.</param>
/// <param name="interval">How long flows are joined.</param>
public sealed class FlowGroups(FlowMask fields, TimeSpan interval)
{
    private const int MaxGroups = 16_384;

    private readonly Dictionary<ByteString, Group> _groups = [];

    public TimeSpan Interval => interval;

    public int Count => _groups.Count;

    public bool IsFull => _groups.Count >= MaxGroups;

    /// <summary>Takes a flow.</summary>
    /// <returns>False: it joined others.</returns>
    public bool Add(in FlowRecord flow)
    {
        ByteString key = fields.Encode(in flow).ToByteString();
        if (_groups.TryGetValue(key, out Group? group))
        {
            group.Counts = group.Counts.And(flow.Direction);
            return false;
        }

        _groups.Add(key, new Group(in flow));
        return true;
    }

    /// <summary>Hands all groups over, and forgets them.</summary>
    public void MoveTo(IFlowSink sink)
    {
        foreach (Group group in _groups.Values)
        {
            sink.Add(in group.First, group.Counts);
        }

        _groups.Clear();
    }

    private sealed class Group(in FlowRecord first)
    {
        public readonly FlowRecord First = first;

        public FlowCounts Counts { get; set; } = default(FlowCounts).And(first.Direction);
    }
}
