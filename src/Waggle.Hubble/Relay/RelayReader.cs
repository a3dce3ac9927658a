using System.Text;
using Google.Protobuf;
using Waggle.Hubble.Codec;
using Waggle.Hubble.Protocol.Flows;
using Waggle.Hubble.Protocol.Relayed;
using Waggle.Hubble.Rpc;

namespace Waggle.Hubble.Relay;

/// <summary>One node's stream within a client's.</summary>
internal sealed class RelayReader(RelayNode node, CancellationTokenSource stop, MergeSource source, long started)
{
    private readonly byte[] _name = Encoding.UTF8.GetBytes(node.Peer.Name);

    public long Started { get; } = started;

    public bool Refused { get; set; }

    public RelayNode Node { get; } = node;

    public CancellationTokenSource Stop { get; } = stop;

    public MergeSource Source { get; } = source;

    public Task Task { get; set; } = Task.CompletedTask;

    /// <summary>Time of the latest message, ns since 1970.</summary>
    public long LastNs { get; private set; }

    /// <summary>Appends a message to a batch, as it is if there is nothing wrong with it; false: it is later than allowed.</summary>
    /// <exception cref="RpcException">It is not protobuf.</exception>
    public bool Take(ReadOnlySpan<byte> message, long latestNs, RelayBatch batch)
    {
        var scan = RelayScan.Of(message, _name);
        if (!scan.Ok)
        {
            throw new RpcException(RpcStatusCode.Internal, "malformed answer from the node");
        }

        if (scan.IsPlain)
        {
            return Add(message, scan.TimeNs, scan.IsFlow);
        }

        RelayedFlow item;
        try
        {
            item = RelayedFlow.Parser.ParseFrom(message);
        }
        catch (InvalidProtocolBufferException e)
        {
            throw new RpcException(RpcStatusCode.Internal, "malformed answer from the node", e);
        }

        Claim(item, Node.Peer.Name);
        return Add(item.ToByteArray(), item.Time is { } t ? FlowDecoder.Nanoseconds(t) : 0, item.ResponseTypesCase == RelayedFlow.ResponseTypesOneofCase.Flow);

        bool Add(ReadOnlySpan<byte> bytes, long timeNs, bool isFlow)
        {
            if (timeNs > latestNs)
            {
                return false;
            }

            LastNs = Math.Max(LastNs, timeNs);
            batch.Add(bytes, timeNs, isFlow);
            return true;
        }
    }

    /// <summary>Whatever a node says: its flows are its own.</summary>
    private static void Claim(RelayedFlow item, string name)
    {
        item.NodeName = name;
        if (item.ResponseTypesCase == RelayedFlow.ResponseTypesOneofCase.Flow)
        {
            // The last value of a field counts: append the right one.
            var correction = new Flow { NodeName = name }.ToByteArray();
            item.Flow = ByteString.CopyFrom([.. item.Flow.Span, .. correction]);
        }
    }
}
