using System.Net;
using Waggle.Hubble.Flows;
using Waggle.Hubble.Protocol.Flows;

namespace Waggle.Hubble.Tests.Support;

/// <summary>Flows as tests want them; each test changes what it is about.</summary>
internal static class Records
{
    public static readonly NodeInfo Node = new("kind-worker", ["kubernetes.io/hostname=kind-worker"]);

    public static EndpointInfo Pod(string place, string name, uint id = 0, uint identity = 1000) => new()
    {
        Id = id,
        Identity = identity,
        ClusterName = "default",
        Namespace = place,
        PodName = name,
        Labels = [$"k8s:app={name}", $"k8s:io.kubernetes.pod.namespace={place}"],
        Workloads = [new WorkloadInfo(name + "-deploy", "Deployment")],
    };

    public static EndpointInfo World => new() { Identity = 2, Labels = ["reserved:world"] };

    /// <summary>A forwarded TCP SYN of default/client to default/server:80, seen at the server.</summary>
    public static FlowRecord Tcp() => new()
    {
        Sequence = 1,
        TimeNs = new DateTimeOffset(2026, 11, 21, 6, 30, 15, 123, TimeSpan.Zero).ToUnixTimeMilliseconds() * 1_000_000 + 456_789,
        ForeignUuid = "11111111-2222-3333-4444-555555555555",
        Node = Node,
        SourceEndpoint = Pod("default", "client", 0, 1001),
        DestinationEndpoint = Pod("default", "server", 77, 1002),
        SourceIdentity = 1001,
        DestinationIdentity = 1002,
        Source = Address("10.0.1.5"),
        Destination = Address("10.0.2.9"),
        IpVersion = 4,
        Protocol = IpProtocol.Tcp,
        HasL4 = true,
        SourcePort = 41000,
        DestinationPort = 80,
        TcpFlags = TcpFlagBits.Syn,
        SourceMac = 0x0a0000000001,
        DestinationMac = 0x0a0000000002,
        EventType = FlowEventType.Trace,
        SubType = 0,
        Verdict = Verdict.Forwarded,
        FlowType = FlowType.L3L4,
        Direction = TrafficDirection.Ingress,
        Reply = ReplyState.No,
    };

    public static FlowRecord Drop(byte reason = 133)
    {
        FlowRecord flow = Tcp();
        flow.EventType = FlowEventType.Drop;
        flow.SubType = reason;
        flow.DropReason = reason;
        flow.Verdict = Verdict.Dropped;
        flow.File = "pod.bpf.c";
        flow.Line = 120;
        return flow;
    }

    public static FlowRecord PolicyVerdict(Verdict verdict, uint match = 2)
    {
        FlowRecord flow = Tcp();
        flow.EventType = FlowEventType.PolicyVerdict;
        flow.Verdict = verdict;
        flow.PolicyMatch = (byte)match;
        flow.Policies = [new PolicyInfo("allow-web", "default", "CiliumNetworkPolicy", ["k8s:io.cilium.k8s.policy.name=allow-web"], 7)];
        return flow;
    }

    public static FlowAddress Address(string text) => FlowAddress.From(IPAddress.Parse(text));
}
