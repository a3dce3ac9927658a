using Google.Protobuf;
using Google.Protobuf.WellKnownTypes;
using Waggle.Hubble.Protocol.Flows;
using Waggle.Hubble.Protocol.Observers;

namespace Waggle.Hubble.Tests.Wire;

/// <summary>
/// Bytes written by hand from the published field numbers: whoever changes a number, a type or a name breaks clients that are out there,
/// and this test.
/// </summary>
public sealed class GoldenBytesTests
{
    [Fact]
    public void Flow_OnTheWire_IsAsPublished()
    {
        var flow = new Flow
        {
            Time = new Timestamp { Seconds = 1000, Nanos = 128 },
            Verdict = Verdict.Dropped,
            Ethernet = new Ethernet { Source = "a", Destination = "b" },
            IP = new IP { Source = "1", Destination = "2", IpVersion = IPVersion.Ipv4, Encrypted = true, SourceXlated = "3" },
            L4 = new Layer4 { TCP = new TCP { SourcePort = 1, DestinationPort = 2, Flags = new TCPFlags { SYN = true, ACK = true } } },
            Source = new Endpoint { ID = 1, Identity = 2, Namespace = "n", Labels = { "l" }, PodName = "p", ClusterName = "c", Workloads = { new Workload { Name = "w", Kind = "k" } } },
            Type = FlowType.L3L4,
            NodeName = "x",
            SourceNames = { "s" },
            EventType = new CiliumEventType { Type = 1, SubType = 133 },
            TrafficDirection = TrafficDirection.Ingress,
            PolicyMatchType = 2,
            TraceObservationPoint = TraceObservationPoint.ToEndpoint,
            DropReasonDesc = DropReason.PolicyDenied,
            IsReply = false,
            Interface = new NetworkInterface { Index = 3, Name = "i" },
            Uuid = "u",
            TraceReason = TraceReason.Reply,
            File = new Protocol.Flows.FileInfo { Name = "f", Line = 9 },
            IngressDeniedBy = { new Policy { Name = "q" } },
        };
        string[] fields =
        [
            "0a0608e807108001", // time=1 {1: 1000, 2: 128}
            "1002", // verdict=2: 2
            "22060a0161120162", // ethernet=4
            "2a0d0a01311201321801" + "20012a0133", // IP=5 {1, 2, 3: IPv4, 4: true, 5}
            "320c0a0a080110021a0410012801", // l4=6 {TCP=1 {1, 2, 3 {SYN=2, ACK=5}}}
            "4218080110021a016e22016c2a01703206" + "0a01771201" + "6b3a0163", // source=8
            "5001", // Type=10
            "5a0178", // node_name=11
            "6a0173", // source_names=13
            "9a0105080110" + "8501", // event_type=19 {1: 1, 2: 133}
            "b00101", // traffic_direction=22
            "b80102", // policy_match_type=23
            "c00165", // trace_observation_point=24: 101
            "c8018501", // drop_reason_desc=25: 133
            "d20100", // is_reply=26 {}
            "e201050803120169", // interface=28
            "92020175", // uuid=34
            "a00203", // trace_reason=36
            "b202050a01661009", // file=38
            "eaa00a030a0171", // ingress_denied_by=21005
        ];
        Assert.Equal(string.Concat(fields), Convert.ToHexStringLower(flow.ToByteArray()));
        Assert.Equal(flow, Flow.Parser.ParseFrom(Convert.FromHexString(string.Concat(fields))));
    }

    [Fact]
    public void Request_OnTheWire_IsAsPublished()
    {
        var request = new GetFlowsRequest
        {
            Number = 20, Follow = true, First = true, Since = new Timestamp { Seconds = 1 }, Until = new Timestamp { Seconds = 2 },
            Whitelist = { new FlowFilter { SourceIp = { "a" }, Verdict = { Verdict.Dropped }, TcpFlags = { new TCPFlags { RST = true } }, SourceWorkload = { new Workload { Name = "w" } } } },
            Blacklist = { new FlowFilter { Reply = { true } } }, FieldMask = new FieldMask { Paths = { "time" } },
        };
        Assert.Equal(
            "0814" + "1801" + "2a037a0101" + "32110a0161" + "2a0102" + "ba01021801" + "d201030a0177" + "3a020801" + "42020802" + "4801" + "52060a0474696d65",
            Convert.ToHexStringLower(request.ToByteArray()));
    }
}
