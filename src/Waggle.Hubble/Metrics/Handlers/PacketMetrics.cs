using Waggle.Hubble.Flows;
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

    public override void Process(in FlowRecord flow)
    {
        // A packet that policy denies makes two events, the decision and the drop: it is counted once.
        if (flow.Verdict != Verdict.Dropped || flow.EventType == FlowEventType.PolicyVerdict)
        {
            return;
        }

        var values = new LabelValues(stackalloc char[256]);
        values.Add(ProtoNames.DropReason[flow.DropReason]);
        values.Add(MetricWords.Protocol(in flow));
        Context.AddTo(ref values, in flow);
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

    public override void Process(in FlowRecord flow)
    {
        var values = new LabelValues(stackalloc char[256]);
        values.Add(MetricWords.Protocol(in flow));
        switch (flow.EventType)
        {
            case FlowEventType.AccessLog:
                values.Add("L7");
                values.Add(flow.L7?.RecordCase switch { Layer7.RecordOneofCase.Dns => "DNS", Layer7.RecordOneofCase.Http => "HTTP", Layer7.RecordOneofCase.Kafka => "Kafka", _ => "" });
                break;
            case FlowEventType.Drop:
                values.Add("Drop");
                values.Add("");
                break;
            case FlowEventType.Capture:
                values.Add("Capture");
                values.Add("");
                break;
            case FlowEventType.Trace:
                values.Add("Trace");
                values.Add(EventTypes.TracePoint(flow.SubType));
                break;
            case FlowEventType.PolicyVerdict:
                values.Add("PolicyVerdict");
                values.Add("");
                break;
            case FlowEventType.Membership:
                values.Add("Membership");
                values.Add("");
                break;
            case var other:
                values.Add("Unknown");
                values.Add((int)other);
                break;
        }

        values.Add(ProtoNames.Verdict[(int)flow.Verdict]);
        Context.AddTo(ref values, in flow);
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

    public override void Process(in FlowRecord flow)
    {
        bool dropped = flow.Verdict == Verdict.Dropped, reply = flow.Reply == ReplyState.Yes;
        if (!flow.HasL4 || !IsWorld(in flow)
            || (dropped && !_anyDrop && flow.DropReason != (byte)DropReason.PolicyDenied)
            || (!dropped && reply)
            || (_synOnly && (reply || flow.Protocol != IpProtocol.Tcp || (flow.TcpFlags & TcpFlagBits.Syn) == 0)))
        {
            return;
        }

        var values = new LabelValues(stackalloc char[256]);
        values.Add(MetricWords.Protocol(in flow));
        values.Add(ProtoNames.Verdict[(int)flow.Verdict]);
        if (_port)
        {
            PortTo(ref values, in flow);
        }

        Context.AddTo(ref values, in flow);
        _flows.Add(ref values);
        values.Dispose();
    }

    private static void PortTo(ref LabelValues values, in FlowRecord flow)
    {
        if (flow.HasPorts)
        {
            values.Add(flow.DestinationPort);
        }
        else
        {
            values.Add("");
        }
    }

    private static bool IsWorld(in FlowRecord flow)
    {
        if (flow.DestinationIdentity is 2 or 9 or 10)
        {
            return true;
        }

        // Identities of address ranges outside carry the label too.
        IReadOnlyList<string> labels = flow.DestinationEndpoint.Labels;
        for (int i = 0; i < labels.Count; i++)
        {
            if (labels[i] is "reserved:world" or "reserved:world-ipv4" or "reserved:world-ipv6")
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

    public override void Process(in FlowRecord flow)
    {
        bool six = flow.Protocol == IpProtocol.IcmpV6;
        if (!flow.HasL4 || (!six && flow.Protocol != IpProtocol.Icmp))
        {
            return;
        }

        var values = new LabelValues(stackalloc char[256]);
        values.Add(six ? "IPv6" : "IPv4");
        values.Add(six ? IcmpNames.V6(flow.IcmpType, flow.IcmpCode) : IcmpNames.V4(flow.IcmpType, flow.IcmpCode));
        Context.AddTo(ref values, in flow);
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

    public override void Process(in FlowRecord flow)
    {
        // Without certainty that it is no answer, the port may be a client's.
        if (flow.Verdict is not (Verdict.Forwarded or Verdict.Redirected) || flow.Reply != ReplyState.No || MetricWords.Transport(in flow) is not { } transport)
        {
            return;
        }

        var values = new LabelValues(stackalloc char[256]);
        values.Add(transport);
        values.Add(flow.HasPorts ? flow.DestinationPort : 0);
        Context.AddTo(ref values, in flow);
        _packets.Add(ref values);
        values.Dispose();
    }
}

/// <summary><c>tcp</c>: beginnings and ends of connections.</summary>
internal sealed class TcpMetric : FlowMetric
{
    private readonly CounterFamily _flags;

    public TcpMetric(MetricDefinition definition, int limit) : base(definition, limit) => _flags = Counter("tcp_flags_total", "TCP flag occurrences", "flag", "family");

    public override void Process(in FlowRecord flow)
    {
        if (flow.Verdict is not (Verdict.Forwarded or Verdict.Redirected) || flow.IpVersion == 0 || !flow.HasL4 || flow.Protocol != IpProtocol.Tcp)
        {
            return;
        }

        Count(in flow, TcpFlagBits.Fin, "FIN");
        Count(in flow, TcpFlagBits.Syn, (flow.TcpFlags & TcpFlagBits.Ack) != 0 ? "SYN-ACK" : "SYN");
        Count(in flow, TcpFlagBits.Rst, "RST");
    }

    private void Count(in FlowRecord flow, TcpFlagBits bit, string flag)
    {
        if ((flow.TcpFlags & bit) == 0)
        {
            return;
        }

        var values = new LabelValues(stackalloc char[256]);
        values.Add(flag);
        values.Add(flow.IpVersion == 6 ? "IPv6" : "IPv4");
        Context.AddTo(ref values, in flow);
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

    public override void Process(in FlowRecord flow)
    {
        var values = new LabelValues(stackalloc char[256]);
        if (flow.EventType == FlowEventType.Membership)
        {
            values.Add(flow.Destination);
            values.Add(Changes[Math.Min((int)flow.MembershipChange, Changes.Length - 1)]);
            values.Add(Protocols[Math.Min((int)flow.MembershipProtocol, Protocols.Length - 1)]);
            Context.AddTo(ref values, in flow);
            _memberships.Add(ref values);
        }
        else if (flow.Destination.IsMulticast)
        {
            values.Add(flow.Destination);
            values.Add(flow.EventType switch { FlowEventType.Trace => EventTypes.TracePoint(flow.SubType), FlowEventType.Drop => "drop", _ => "other" });
            values.Add(ProtoNames.Verdict[(int)flow.Verdict]);
            Context.AddTo(ref values, in flow);
            _flows.Add(ref values);
        }

        values.Dispose();
    }

    private static readonly string[] Changes = ["unknown", "join", "leave", "filter", "leaving"];
    private static readonly string[] Protocols = ["unknown", "IGMPv1", "IGMPv2", "IGMPv3", "MLDv1", "MLDv2"];
}
