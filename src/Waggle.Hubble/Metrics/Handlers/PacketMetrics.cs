using Waggle.Hubble.Metrics.Configuration;
using Waggle.Hubble.Metrics.Series;
using Waggle.Hubble.Printing;
using Waggle.Hubble.Protocol.Flows;

namespace Waggle.Hubble.Metrics.Handlers;

/// <summary><c>drop</c>: dropped packets by reason.</summary>
internal sealed class DropMetric : FlowMetric
{
    private readonly CounterFamily _drops;

    public DropMetric(MetricDefinition definition, int limit) : base(definition, limit) => _drops = Counter("drop_total", "Number of drops", "reason", "protocol");

    public override void Process(Flow flow)
    {
        if (flow.Verdict != Verdict.Dropped)
        {
            return;
        }

        var values = new LabelValues(stackalloc char[256]);
        values.Add(ProtoNames.DropReason[(int)flow.DropReasonDesc]);
        values.Add(FlowText.Protocol(flow));
        Context.AddTo(ref values, flow);
        _drops.Add(ref values);
        values.Dispose();
    }
}

/// <summary><c>flow</c>: every flow by kind, place and verdict.</summary>
internal sealed class AllFlowsMetric : FlowMetric
{
    private readonly CounterFamily _flows;

    public AllFlowsMetric(MetricDefinition definition, int limit) : base(definition, limit) =>
        _flows = Counter("flows_processed_total", "Total number of flows processed", "protocol", "type", "subtype", "verdict");

    public override void Process(Flow flow)
    {
        int subType = flow.EventType?.SubType ?? 0;
        var values = new LabelValues(stackalloc char[256]);
        values.Add(FlowText.Protocol(flow));
        switch (flow.EventType?.Type ?? 0)
        {
            case EventTypes.L7:
                values.Add("L7");
                values.Add(flow.L7?.RecordCase switch { Layer7.RecordOneofCase.Dns => "DNS", Layer7.RecordOneofCase.Http => "HTTP", Layer7.RecordOneofCase.Kafka => "Kafka", _ => "" });
                break;
            case EventTypes.Drop:
                values.Add("Drop");
                values.Add("");
                break;
            case EventTypes.Capture:
                values.Add("Capture");
                values.Add("");
                break;
            case EventTypes.Trace:
                values.Add("Trace");
                values.Add(EventTypes.TracePoint(subType));
                break;
            case EventTypes.PolicyVerdict:
                values.Add("PolicyVerdict");
                values.Add("");
                break;
            case var other:
                values.Add("Unknown");
                values.Add(other);
                break;
        }

        values.Add(ProtoNames.Verdict[(int)flow.Verdict]);
        Context.AddTo(ref values, flow);
        _flows.Add(ref values);
        values.Dispose();
    }
}

/// <summary><c>flows-to-world</c>: what leaves the cluster. Answers are left out: their ports say nothing.</summary>
internal sealed class FlowsToWorldMetric : FlowMetric
{
    private readonly CounterFamily _flows;
    private readonly bool _anyDrop, _port, _synOnly;

    public FlowsToWorldMetric(MetricDefinition definition, int limit) : base(definition, limit)
    {
        (_anyDrop, _port, _synOnly) = (Has("any-drop"), Has("port"), Has("syn-only"));
        _flows = Counter("flows_to_world_total", "Total number of flows to reserved:world", _port ? ["protocol", "verdict", "port"] : ["protocol", "verdict"]);
    }

    public override void Process(Flow flow)
    {
        bool dropped = flow.Verdict == Verdict.Dropped, reply = flow.IsReply == true;
        if (flow.L4 is null || flow.EventType is null || !IsWorld(flow.Destination)
            || (dropped && !_anyDrop && flow.DropReasonDesc != DropReason.PolicyDenied)
            || (!dropped && reply)
            || (_synOnly && (reply || flow.L4.TCP?.Flags?.SYN != true)))
        {
            return;
        }

        var values = new LabelValues(stackalloc char[256]);
        values.Add(FlowText.Protocol(flow));
        values.Add(ProtoNames.Verdict[(int)flow.Verdict]);
        if (_port)
        {
            PortTo(ref values, flow.L4);
        }

        Context.AddTo(ref values, flow);
        _flows.Add(ref values);
        values.Dispose();
    }

    private static void PortTo(ref LabelValues values, Layer4 l4)
    {
        if (l4.ProtocolCase is Layer4.ProtocolOneofCase.TCP or Layer4.ProtocolOneofCase.UDP or Layer4.ProtocolOneofCase.SCTP)
        {
            values.Add((int)FlowText.Ports(l4).Destination);
        }
        else
        {
            values.Add("");
        }
    }

    private static bool IsWorld(Endpoint? endpoint)
    {
        foreach (string label in endpoint?.Labels ?? [])
        {
            if (label is "reserved:world" or "reserved:world-ipv4" or "reserved:world-ipv6")
            {
                return true;
            }
        }

        return false;
    }
}

/// <summary><c>icmp</c>: messages by type.</summary>
internal sealed class IcmpMetric : FlowMetric
{
    private readonly CounterFamily _messages;

    public IcmpMetric(MetricDefinition definition, int limit) : base(definition, limit) => _messages = Counter("icmp_total", "Number of ICMP messages", "family", "type");

    public override void Process(Flow flow)
    {
        bool six = flow.L4?.ProtocolCase == Layer4.ProtocolOneofCase.ICMPv6;
        if (!six && flow.L4?.ProtocolCase != Layer4.ProtocolOneofCase.ICMPv4)
        {
            return;
        }

        var values = new LabelValues(stackalloc char[256]);
        values.Add(six ? "IPv6" : "IPv4");
        values.Add(six ? IcmpNames.V6(flow.L4!.ICMPv6.Type, flow.L4.ICMPv6.Code) : IcmpNames.V4(flow.L4!.ICMPv4.Type, flow.L4.ICMPv4.Code));
        Context.AddTo(ref values, flow);
        _messages.Add(ref values);
        values.Dispose();
    }
}

/// <summary><c>port-distribution</c>: where clients connect to.</summary>
internal sealed class PortDistributionMetric : FlowMetric
{
    private readonly CounterFamily _packets;

    public PortDistributionMetric(MetricDefinition definition, int limit) : base(definition, limit) =>
        _packets = Counter("port_distribution_total", "Numbers of packets distributed by destination port", "protocol", "port");

    public override void Process(Flow flow)
    {
        // Without certainty that it is no answer, the port may be a client's.
        if (flow.Verdict is not (Verdict.Forwarded or Verdict.Redirected) || flow.IsReply != false || FlowText.Transport(flow.L4) is not { } transport)
        {
            return;
        }

        var values = new LabelValues(stackalloc char[256]);
        values.Add(transport);
        values.Add((int)FlowText.Ports(flow.L4).Destination);
        Context.AddTo(ref values, flow);
        _packets.Add(ref values);
        values.Dispose();
    }
}

/// <summary><c>tcp</c>: beginnings and ends of connections.</summary>
internal sealed class TcpMetric : FlowMetric
{
    private readonly CounterFamily _flags;

    public TcpMetric(MetricDefinition definition, int limit) : base(definition, limit) => _flags = Counter("tcp_flags_total", "TCP flag occurrences", "flag", "family");

    public override void Process(Flow flow)
    {
        if (flow.Verdict is not (Verdict.Forwarded or Verdict.Redirected) || flow.IP is null || flow.L4?.TCP?.Flags is not { } flags)
        {
            return;
        }

        Count(flow, flags.FIN, "FIN");
        Count(flow, flags.SYN, flags.ACK ? "SYN-ACK" : "SYN");
        Count(flow, flags.RST, "RST");
    }

    private void Count(Flow flow, bool set, string flag)
    {
        if (!set)
        {
            return;
        }

        var values = new LabelValues(stackalloc char[256]);
        values.Add(flag);
        values.Add(MetricWords.Family(flow.IP.IpVersion));
        Context.AddTo(ref values, flow);
        _flags.Add(ref values);
        values.Dispose();
    }
}

/// <summary><c>multicast</c> (Waggle's own): what happens to a group's datagrams and who joins it.</summary>
internal sealed class MulticastMetric : FlowMetric
{
    private readonly CounterFamily _flows, _memberships;

    public MulticastMetric(MetricDefinition definition, int limit) : base(definition, limit)
    {
        _flows = Counter("multicast_flows_total", "Flows to multicast groups", "group", "type", "verdict");
        _memberships = Counter("multicast_memberships_total", "Changes of memberships in multicast groups", "group", "change", "protocol");
    }

    public override void Process(Flow flow)
    {
        var values = new LabelValues(stackalloc char[256]);
        if (flow.Membership is { } membership)
        {
            values.Add(membership.Group);
            values.Add(Changes[Math.Min((int)membership.Change, Changes.Length - 1)]);
            values.Add(membership.Protocol);
            Context.AddTo(ref values, flow);
            _memberships.Add(ref values);
        }
        else if (flow.IP is { } ip && IsGroup(ip.Destination))
        {
            values.Add(ip.Destination);
            values.Add(flow.EventType?.Type == EventTypes.Trace ? EventTypes.TracePoint(flow.EventType.SubType) : flow.EventType?.Type == EventTypes.Drop ? "drop" : "other");
            values.Add(ProtoNames.Verdict[(int)flow.Verdict]);
            Context.AddTo(ref values, flow);
            _flows.Add(ref values);
        }

        values.Dispose();
    }

    private static readonly string[] Changes = ["unknown", "join", "leave", "filter", "leaving"];

    // 224.0.0.0/4 and ff00::/8, from their canonical text.
    private static bool IsGroup(string address) => address.StartsWith("ff", StringComparison.OrdinalIgnoreCase) && address.Contains(':')
        || (address.IndexOf('.', StringComparison.Ordinal) == 3 && byte.TryParse(address.AsSpan(0, 3), out byte first) && first is >= 224 and <= 239);
}
