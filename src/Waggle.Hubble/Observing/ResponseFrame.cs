using Google.Protobuf;
using Waggle.Hubble.Codec;
using Waggle.Hubble.Flows;
using Waggle.Hubble.Protocol.Relayed;
using Waggle.Hubble.Rpc;

namespace Waggle.Hubble.Observing;

/// <summary>One record as a frame with a GetFlowsResponse. Flows with all their fields, the usual case, become bytes without any object.</summary>
internal static class ResponseFrame
{
    /// <summary>Tag and length of the flow: most flows have 128 to 16,383 bytes, so two bytes of length are expected.</summary>
    private const int Ahead = 3;

    public static void Append(RpcFrameBuffer frames, in FlowRecord record, FlowMask mask)
    {
        if (record.Kind == FlowRecordKind.Lost || !mask.IsAll)
        {
            var response = new RelayedFlow { NodeName = record.Node.Name, Time = FlowEncoder.Time(record.TimeNs) };
            if (record.Kind == FlowRecordKind.Lost)
            {
                response.LostEvents = FlowEncoder.EncodeLost(record).ToByteString();
            }
            else
            {
                response.Flow = mask.Encode(record).ToByteString();
            }

            frames.Add(response);
            return;
        }

        var sink = new Sink(frames, record);
        FlowWire.Write(record, ref sink);
    }

    private readonly struct Sink(RpcFrameBuffer frames, in FlowRecord record) : FlowWire.ISink
    {
        private const int TailRoom = 64;
        private readonly string _node = record.Node.Name;
        private readonly long _time = record.TimeNs;

        public Span<byte> Room(int bytes) => frames.Begin(Ahead + 8 + bytes + TailRoom + WireWriter.TextRoom(_node))[Ahead..];

        public void Written(int bytes)
        {
            var wire = new WireWriter(frames.Begin(Ahead + 8 + bytes + TailRoom + WireWriter.TextRoom(_node)));
            wire.Wrap(RelayedFlow.FlowFieldNumber, Ahead, bytes);
            wire.Text(RelayedFlow.NodeNameFieldNumber, _node);
            FlowWire.Time(ref wire, RelayedFlow.TimeFieldNumber, _time);
            frames.End(wire.Length);
        }
    }
}
