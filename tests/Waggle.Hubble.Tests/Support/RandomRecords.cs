using Waggle.Hubble.Flows;
using Waggle.Hubble.Protocol.Flows;

namespace Waggle.Hubble.Tests.Support;

/// <summary>Flows with every field used now and then.</summary>
internal sealed class RandomRecords(int seed)
{
    private static readonly string[] Texts = ["", "a", "web-1", "quote\"back\\slash", "tab\tnew\nline\u0001", "ünïcödé→🐝", "lone \ud800 surrogate", "</script>&'"];

    private readonly Random _random = new(seed);

    public FlowRecord Next()
    {
        var flow = new FlowRecord
        {
            Sequence = (ulong)_random.NextInt64(),
            TimeNs = _random.NextInt64(0, 4_000_000_000) * 1_000_000_000 + Pick(0L, 5_000_000, 5_000, 123_456_789, 1),
            UuidSeed = Pick(0UL, 77UL),
            ForeignUuid = Pick(null, "uuid-1"),
            Node = new NodeInfo(Text(), Flip() ? [] : [Text(), "a=b"]),
            SourceEndpoint = Endpoint(),
            DestinationEndpoint = Endpoint(),
            SourceIdentity = (uint)_random.Next(3),
            DestinationIdentity = (uint)_random.Next(70000),
            EventType = Pick(FlowEventType.Drop, FlowEventType.Trace, FlowEventType.PolicyVerdict, FlowEventType.Capture, FlowEventType.TraceSock, FlowEventType.AccessLog, FlowEventType.Membership),
            SubType = (byte)_random.Next(14),
            Verdict = (Verdict)_random.Next(8),
            FlowType = (FlowType)_random.Next(4),
            Direction = (TrafficDirection)_random.Next(3),
            TraceReason = (TraceReason)_random.Next(9),
            AuthType = (AuthType)_random.Next(3),
            SocketPoint = (SocketTranslationPoint)_random.Next(5),
            Reply = (ReplyState)_random.Next(3),
            PolicyMatch = (byte)_random.Next(7),
            DropReason = Pick((byte)0, (byte)133, (byte)231, (byte)159),
            IpVersion = Pick((byte)0, (byte)4, (byte)6),
            Encrypted = Flip(),
            HasL4 = Flip(),
            Protocol = Pick(IpProtocol.Tcp, IpProtocol.Udp, IpProtocol.Sctp, IpProtocol.Icmp, IpProtocol.IcmpV6, IpProtocol.Igmp),
            TcpFlags = (TcpFlagBits)_random.Next(512),
            IcmpType = (byte)_random.Next(256),
            IcmpCode = (byte)_random.Next(3),
            SourcePort = (ushort)_random.Next(65536),
            DestinationPort = (ushort)_random.Next(2),
            SourceMac = Flip() ? 0 : (ulong)_random.NextInt64(1L << 48),
            PacketLength = (uint)_random.Next(2) * 1500,
            ProxyPort = (ushort)(_random.Next(2) * 9999),
            SocketCookie = Pick(0UL, ulong.MaxValue),
            CgroupId = Pick(0UL, 1UL),
            MembershipChange = (Membership.Types.Change)_random.Next(5),
            MembershipProtocol = (byte)_random.Next(6),
            MembershipFilter = (byte)_random.Next(3),
        };
        bool four = flow.IpVersion == 4;
        (flow.Source, flow.Destination) = (Address(four), Address(four));
        flow.SourceTranslated = Flip() ? default : Address(four);
        Optional(ref flow);
        return flow;
    }

    private void Optional(ref FlowRecord flow)
    {
        flow.File = Pick(null, "pod.bpf.c");
        flow.Line = (uint)_random.Next(3);
        flow.Interface = Flip() ? null : new InterfaceInfo((uint)_random.Next(3), Text());
        flow.SourceService = Flip() ? null : new ServiceInfo(Text(), Text());
        flow.DestinationService = Flip() ? null : new ServiceInfo("api", "shop");
        flow.SourceNames = Flip() ? null : [Text(), Text()];
        flow.DestinationNames = Flip() ? null : Flip() ? [] : [Text()];
        flow.TraceId = Pick(null, "4bf92f3577b34da6a3ce929d0e0e4736");
        flow.Policies = Flip() ? null : [new PolicyInfo(Text(), Text(), "CiliumNetworkPolicy", [Text()], (ulong)_random.Next(2)), new PolicyInfo("b", "", "", [])];
        flow.PolicyLog = Flip() ? null : [Text()];
        if (_random.Next(4) == 0)
        {
            flow.TunnelProtocol = Tunnel.Types.Protocol.Vxlan;
            (flow.TunnelSource, flow.TunnelDestination, flow.Vni, flow.TunnelDestinationPort) = (Address(true), Address(true), (uint)_random.Next(3), 8472);
        }

        flow.L7 = _random.Next(5) switch
        {
            0 => new Layer7 { Type = (L7FlowType)_random.Next(4), LatencyNs = (ulong)_random.Next(2) * 7, Dns = new DNS { Query = Text(), Ips = { "192.0.2.1", Text() }, Ttl = (uint)_random.Next(2), Cnames = { "c" }, ObservationSource = "proxy", Rcode = (uint)_random.Next(4), Qtypes = { "A" }, Rrtypes = { "A", "AAAA" } } },
            1 => new Layer7 { Type = L7FlowType.Response, Http = new HTTP { Code = 200, Method = "GET", Url = Text(), Protocol = "HTTP/2", Headers = { new HTTPHeader { Key = "k", Value = Text() } } } },
            2 => new Layer7 { Kafka = new Kafka { ErrorCode = -1, ApiVersion = 3, ApiKey = "fetch", CorrelationId = 5, Topic = Text() } },
            3 => new Layer7(),
            _ => null,
        };
    }

    private EndpointInfo Endpoint() => _random.Next(4) == 0 ? EndpointInfo.None : new EndpointInfo
    {
        Id = (uint)_random.Next(3), Identity = (uint)_random.Next(3), ClusterName = Text(), Namespace = Text(), PodName = Text(),
        Labels = Flip() ? [] : [Text(), "k8s:app=web"], Workloads = Flip() ? [] : [new WorkloadInfo(Text(), "Deployment")],
    };

    private FlowAddress Address(bool four) => four ? FlowAddress.FromIPv4((uint)_random.Next()) : new FlowAddress((ulong)_random.NextInt64(), (ulong)_random.Next(3));

    private string Text() => Texts[_random.Next(Texts.Length)];

    private bool Flip() => _random.Next(2) == 0;

    private T Pick<T>(params T[] values) => values[_random.Next(values.Length)];
}
