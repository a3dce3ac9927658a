using System.Net;
using Waggle.Hubble.Flows;
using Waggle.Hubble.Protocol.Flows;

namespace Waggle.Bench.Export;

/// <summary>TCP between two hundred pods of ten namespaces: traces, decisions of policy and a drop now and then.</summary>
internal static class SampleFlows
{
    private const int Pods = 200;

    public static FlowRecord[] Make(int count)
    {
        var node = new NodeInfo("kind-worker", ["kubernetes.io/arch=amd64", "kubernetes.io/hostname=kind-worker"]);
        EndpointInfo[] pods = [.. Enumerable.Range(0, Pods).Select(Pod)];
        FlowAddress[] addresses = [.. Enumerable.Range(0, Pods).Select(i => FlowAddress.From(new IPAddress([10, 0, 1, (byte)i])))];
        var random = new Random(1);
        var flows = new FlowRecord[count];
        for (var i = 0; i < count; i++)
        {
            int from = random.Next(Pods), to = random.Next(Pods);
            ref var flow = ref flows[i];
            flow = new FlowRecord
            {
                Sequence = (ulong)i + 1, UuidSeed = 0x1234_5678_9abc_def0, TimeNs = 1_795_000_000_000_000_000 + i * 1_234_567L, Node = node,
                SourceEndpoint = pods[from], DestinationEndpoint = pods[to], SourceIdentity = pods[from].Identity, DestinationIdentity = pods[to].Identity, Source = addresses[from], Destination = addresses[to],
                SourceMac = 0x0a58_0a00_0101, DestinationMac = 0x0a58_0a00_0102, IpVersion = 4, Protocol = IpProtocol.Tcp, HasL4 = true, SourcePort = (ushort)random.Next(32768, 61000), DestinationPort = 8080,
                TcpFlags = TcpFlagBits.Ack | TcpFlagBits.Psh, EventType = FlowEventType.Trace, Verdict = Verdict.Forwarded, FlowType = FlowType.L3L4, Direction = TrafficDirection.Ingress, TraceReason = TraceReason.Established,
                Reply = i % 2 == 0 ? ReplyState.No : ReplyState.Yes, PacketLength = 1500, Interface = new InterfaceInfo(7, "lxc1234567890"),
            };
            if (i % 10 == 0)
            {
                (flow.EventType, flow.PolicyMatch, flow.TcpFlags) = (FlowEventType.PolicyVerdict, 2, TcpFlagBits.Syn);
            }
            else if (i % 25 == 1)
            {
                (flow.EventType, flow.Verdict, flow.DropReason, flow.SubType) = (FlowEventType.Drop, Verdict.Dropped, 133, 133);
            }
        }

        return flows;
    }

    private static EndpointInfo Pod(int number) => new()
    {
        Id = (uint)number + 1, Identity = 10_000 + (uint)number % 20, ClusterName = "kind", Namespace = $"team-{number % 10}", PodName = $"service-{number % 20}-6d4b75cb6d-{number:x5}",
        Labels = [$"k8s:app=service-{number % 20}", "k8s:io.cilium.k8s.policy.cluster=kind", "k8s:io.cilium.k8s.policy.serviceaccount=default", $"k8s:io.kubernetes.pod.namespace=team-{number % 10}"],
        Workloads = [new WorkloadInfo($"service-{number % 20}", "Deployment")],
    };
}
