using Google.Protobuf;
using Google.Protobuf.Reflection;
using Waggle.Hubble.Codec;
using Waggle.Hubble.Flows;
using Waggle.Hubble.Observing;
using Waggle.Hubble.Protocol.Flows;
using Waggle.Hubble.Protocol.Observers;
using Waggle.Hubble.Rpc;
using Waggle.Hubble.Tests.Support;
using FieldMask = Google.Protobuf.WellKnownTypes.FieldMask;

namespace Waggle.Hubble.Tests.Codec;

public sealed class FlowWireTests
{
    [Fact]
    public void Bytes_OfRandomFlows_AreThoseOfTheMessage()
    {
        var records = new RandomRecords(20261121);
        var used = new HashSet<int>();
        for (var i = 0; i < 5000; i++)
        {
            var record = records.Next();
            var flow = Flow.Parser.ParseFrom(FlowEncoder.Encode(record).ToByteArray()); // lone surrogates do not survive either way
            var bytes = FlowEncoder.EncodeBytes(record);
            Assert.Equal(flow, Flow.Parser.ParseFrom(bytes));

            // Nothing is there twice and nothing takes more room than protobuf's own code would take.
            Assert.Equal(flow.CalculateSize(), bytes.Length);
            used.UnionWith(Flow.Descriptor.Fields.InDeclarationOrder().Where(f => f.IsRepeated ? ((System.Collections.IList)f.Accessor.GetValue(flow)).Count > 0 : f.HasPresence ? f.Accessor.HasValue(flow) : !Equals(f.Accessor.GetValue(flow), Default(f))).Select(f => f.FieldNumber));
        }

        // A field that no random flow had would not have been compared.
        int[] never = [Flow.EmitterFieldNumber, Flow.IpTraceIdFieldNumber, Flow.DebugCapturePointFieldNumber, Flow.ExtensionsFieldNumber, Flow.AggregateFieldNumber];
        Assert.Equal([], Flow.Descriptor.Fields.InFieldNumberOrder().Select(f => f.FieldNumber).Except(used).Except(never));
    }

    [Fact]
    public void Frame_OfShortAndLongFlows_IsAResponse()
    {
        using var frames = new RpcFrameBuffer();
        foreach (var labels in (int[])[0, 1, 40, 3000])
        {
            var record = new FlowRecord
            {
                TimeNs = -1, Node = new NodeInfo("node-1", []), SourceEndpoint = EndpointInfo.None,
                DestinationEndpoint = new EndpointInfo { Labels = [.. Enumerable.Range(0, labels).Select(i => $"k8s:label-{i}=value")] },
            };
            frames.Clear();
            ResponseFrame.Append(frames, record, FlowMask.All);
            var expected = new GetFlowsResponse { Flow = FlowEncoder.Encode(record), NodeName = "node-1", Time = FlowEncoder.Time(-1) };
            Assert.Equal(expected, GetFlowsResponse.Parser.ParseFrom(frames.Written[5..]));
            Assert.Equal(expected.CalculateSize(), frames.Length - 5);
        }
    }

    [Theory]
    [InlineData("l4.TCP.destination_port", "{ \"l4\": { \"TCP\": { \"destination_port\": 80 } } }")]
    [InlineData("l4.UDP.destination_port", "{ \"l4\": { } }")]
    [InlineData("l4.TCP", "{ \"l4\": { \"TCP\": { \"source_port\": 41000, \"destination_port\": 80, \"flags\": { \"SYN\": true } } } }")]
    public void Mask_OfOneChoiceAmongSeveral_KeepsIt(string path, string expected)
    {
        FlowRecord flow = Records.Tcp() with { SourcePort = 41000, DestinationPort = 80, TcpFlags = TcpFlagBits.Syn };
        var masked = FlowMask.Compile(new FieldMask { Paths = { path } }).Encode(flow);
        Assert.Equal(expected, new JsonFormatter(JsonFormatter.Settings.Default.WithPreserveProtoFieldNames(true)).Format(masked));
    }

    private static object Default(FieldDescriptor field) => field.FieldType switch
    {
        FieldType.String => "",
        FieldType.Bool => false,
        FieldType.UInt32 => 0u,
        FieldType.UInt64 => 0ul,
        _ => field.Accessor.GetValue(new Flow()),
    };
}
