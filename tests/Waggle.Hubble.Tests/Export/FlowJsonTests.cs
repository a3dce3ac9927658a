using System.Text;
using System.Text.Json.Nodes;
using Google.Protobuf;
using Waggle.Hubble.Codec;
using Waggle.Hubble.Export.Json;
using Waggle.Hubble.Flows;
using Waggle.Hubble.Protocol.Flows;
using Waggle.Hubble.Protocol.Observers;
using Waggle.Hubble.Tests.Support;

namespace Waggle.Hubble.Tests.Export;

public sealed class FlowJsonTests
{
    private static readonly JsonFormatter Reference = new(new JsonFormatter.Settings(formatDefaultValues: false).WithPreserveProtoFieldNames(true));

    [Fact]
    public void Write_IsTheGoldenLine() => Assert.Equal(
        """{"flow":{"time":"2026-11-21T06:30:15.123456789Z","uuid":"11111111-2222-3333-4444-555555555555","verdict":"FORWARDED","ethernet":{"source":"0a:00:00:00:00:01","destination":"0a:00:00:00:00:02"},"IP":{"source":"10.0.1.5","destination":"10.0.2.9","ipVersion":"IPv4"},"l4":{"TCP":{"source_port":41000,"destination_port":80,"flags":{"SYN":true}}},"source":{"identity":1001,"cluster_name":"default","namespace":"default","labels":["k8s:app=client","k8s:io.kubernetes.pod.namespace=default"],"pod_name":"client","workloads":[{"name":"client-deploy","kind":"Deployment"}]},"destination":{"ID":77,"identity":1002,"cluster_name":"default","namespace":"default","labels":["k8s:app=server","k8s:io.kubernetes.pod.namespace=default"],"pod_name":"server","workloads":[{"name":"server-deploy","kind":"Deployment"}]},"Type":"L3_L4","node_name":"kind-worker","node_labels":["kubernetes.io/hostname=kind-worker"],"event_type":{"type":4},"traffic_direction":"INGRESS","trace_observation_point":"TO_ENDPOINT","is_reply":false,"Summary":"TCP Flags: SYN"},"node_name":"kind-worker","time":"2026-11-21T06:30:15.123456789Z"}""" + "\n",
        Line(Records.Tcp()));

    [Fact]
    public void Write_Drop_IsTheGoldenLine()
    {
        FlowRecord drop = Records.Drop();
        drop.SourceEndpoint = EndpointInfo.None;
        drop.DestinationEndpoint = Records.World;
        drop.DestinationIdentity = 2;
        drop.Policies = [new PolicyInfo("deny", "default", "CiliumNetworkPolicy", [], 3)];
        drop.Node = new NodeInfo("n", []);
        Assert.Equal(
            """{"flow":{"time":"2026-11-21T06:30:15.123456789Z","uuid":"11111111-2222-3333-4444-555555555555","verdict":"DROPPED","drop_reason":133,"ethernet":{"source":"0a:00:00:00:00:01","destination":"0a:00:00:00:00:02"},"IP":{"source":"10.0.1.5","destination":"10.0.2.9","ipVersion":"IPv4"},"l4":{"TCP":{"source_port":41000,"destination_port":80,"flags":{"SYN":true}}},"source":{"identity":1001},"destination":{"identity":2,"labels":["reserved:world"]},"Type":"L3_L4","node_name":"n","event_type":{"type":1,"sub_type":133},"traffic_direction":"INGRESS","file":{"name":"pod.bpf.c","line":120},"drop_reason_desc":"POLICY_DENIED","is_reply":false,"Summary":"TCP Flags: SYN","ingress_denied_by":[{"name":"deny","namespace":"default","revision":"3","kind":"CiliumNetworkPolicy"}],"drop_reason_text":"Policy denied"},"node_name":"n","time":"2026-11-21T06:30:15.123456789Z"}""" + "\n",
            Line(drop));
    }

    [Fact]
    public void Write_AnyFlow_SaysWhatItsProtobufFormSays()
    {
        var random = new RandomRecords(11);
        for (int i = 0; i < 3000; i++)
        {
            FlowRecord flow = random.Next();
            string ours = Line(flow);
            Flow message = FlowEncoder.Encode(in flow).Clone();
            var reference = new ExportEvent { Flow = message, NodeName = flow.Node.Name, Time = FlowEncoder.Time(flow.TimeNs) };
            string expected = Reference.Format(ExportEvent.Parser.ParseFrom(reference.ToByteArray()));
            Assert.True(JsonNode.DeepEquals(JsonNode.Parse(expected), JsonNode.Parse(ours)), $"flow {i}:\n{expected}\n{ours}");
        }
    }

    [Fact]
    public void Write_SameLinesAgain_AllocatesNothing()
    {
        var line = new JsonLine();
        var json = new FlowJson(line);
        FlowRecord[] flows = [Records.Tcp(), Records.Drop(), Records.PolicyVerdict(Verdict.Forwarded)];
        void Round()
        {
            line.Clear();
            foreach (ref readonly FlowRecord flow in flows.AsSpan())
            {
                json.Write(in flow);
            }
        }

        Round();
        long before = GC.GetAllocatedBytesForCurrentThread();
        for (int i = 0; i < 1000; i++)
        {
            Round();
        }

        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 999);
    }

    [Fact]
    public void WriteLost_IsAnEvent()
    {
        var line = new JsonLine();
        new FlowJson(line).WriteLost(LostEventSource.HubbleRingBuffer, 5, "n", 1_000_000_000);
        Assert.Equal("""{"lost_events":{"source":"HUBBLE_RING_BUFFER","num_events_lost":"5"},"node_name":"n","time":"1970-01-01T00:00:01Z"}""" + "\n", Encoding.UTF8.GetString(line.Written.Span));
    }

    private static string Line(FlowRecord flow)
    {
        var line = new JsonLine();
        new FlowJson(line).Write(in flow);
        return Encoding.UTF8.GetString(line.Written.Span);
    }
}
