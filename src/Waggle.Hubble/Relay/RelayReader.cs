using System.Text;
using Google.Protobuf;
using Waggle.Hubble.Codec;
using Waggle.Hubble.Protocol.Flows;
using Waggle.Hubble.Protocol.Relayed;
using Waggle.Hubble.Rpc;

namespace Waggle.Hubble.Relay;

/// <summary>One node's stream within a client's.</summary>
internal sealed class RelayReader(RelayNode node, CancellationTokenSource stop, MergeSource source, RelayTimes times, long maxFlows, long started)
{
    /// <summary>Messages that are no flows, beside the flows.</summary>
    private const long MaxOthers = 4096;

    private long _flows;
    private long _others;

    private readonly byte[] _name = Encoding.UTF8.GetBytes(node.Peer.Name);

    public long Started { get; } = started;

    public bool Refused { get; set; }

    public RelayNode Node { get; } = node;

    /// <summary>Ends it.</summary>
    public CancellationToken Stopped { get; } = stop.Token;

    public MergeSource Source { get; } = source;

    public Task Task { get; set; } = Task.CompletedTask;

    /// <summary>Latest time in what was handed over to the merge, ns since 1970.</summary>
    public long LastNs { get; private set; }

    /// <summary>Place in the merge of the latest message.</summary>
    public long PlaceNs { get; private set; }

    /// <summary>Whether its clock is far ahead.</summary>
    public bool IsAhead { get; private set; }

    /// <summary>Ends it; may be called at any time.</summary>
    public void Cancel()
    {
        try
        {
            stop.Cancel();
        }
        catch (ObjectDisposedException)
        {
            // It is over.
        }
    }

    /// <summary>Called by its task when it is over.</summary>
    public void Done() => stop.Dispose();

    /// <summary>Hands messages over; they are the merge's from then on.</summary>
    public async ValueTask PutAsync(TimeMerge merge, RelayBatch batch)
    {
        var latest = batch.LatestNs;
        await merge.PutAsync(Source, batch, Stopped).ConfigureAwait(false);
        LastNs = Math.Max(LastNs, latest);
    }

    /// <summary>Appends a message to a batch, as it is if there is nothing wrong with it.</summary>
    /// <returns>Null, or why nothing more is taken.</returns>
    /// <exception cref="RpcException">It is not protobuf.</exception>
    public string? Take(ReadOnlySpan<byte> message, RelayBatch batch)
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

        string? Add(ReadOnlySpan<byte> bytes, long timeNs, bool isFlow)
        {
            if (!times.TryPlace(timeNs, out var place, out var ahead))
            {
                return "sends what is later than the request, which asked for none; the rest of its answer is not taken";
            }

            if (isFlow ? ++_flows > maxFlows : ++_others > maxFlows + MaxOthers && maxFlows < long.MaxValue)
            {
                return "sends more than was asked for; the rest of its answer is not taken";
            }

            IsAhead |= ahead;
            PlaceNs = Math.Max(PlaceNs, place);
            batch.LatestNs = Math.Max(batch.LatestNs, timeNs);
            batch.Add(bytes, place, isFlow);
            return null;
        }
    }

    /// <summary>Whatever a node says, it says of itself.</summary>
    private static void Claim(RelayedFlow item, string name)
    {
        item.NodeName = name;
        if (item.NodeStatus is { } status)
        {
            status.NodeNames.Clear();
            status.NodeNames.Add(name);
        }

        if (item.ResponseTypesCase == RelayedFlow.ResponseTypesOneofCase.Flow)
        {
            // The last value of a field counts: append the right one.
            var correction = new Flow { NodeName = name }.ToByteArray();
            item.Flow = ByteString.CopyFrom([.. item.Flow.Span, .. correction]);
        }
    }
}
