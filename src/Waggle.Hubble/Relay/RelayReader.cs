using System.Text;
using Google.Protobuf;
using Waggle.Hubble.Codec;
using Waggle.Hubble.Protocol.Flows;
using Waggle.Hubble.Protocol.Relayed;
using Waggle.Hubble.Protocol.Relays;
using Waggle.Hubble.Rpc;

namespace Waggle.Hubble.Relay;

/// <summary>One node's stream within a client's.</summary>
internal sealed class RelayReader(RelayNode node, CancellationTokenSource stop, MergeSource source, RelayTimes times, long maxFlows, long started, long? sinceNs, bool isAhead)
{
    /// <summary>Messages that are no flows, beside the flows.</summary>
    private const long MaxOthers = 4096;

    private long _goesOnAt;
    private long _flows;
    private long _others;

    private readonly byte[] _name = Encoding.UTF8.GetBytes(node.Peer.Name);

    /// <summary>When it began, in ticks of the clock.</summary>
    public long Started { get; } = started;

    /// <summary>The node answered, but not with what was asked for: it is not worth asking again soon.</summary>
    public bool Refused { get; private set; }

    /// <summary>Why it ended, if that is to be told once all before it went out.</summary>
    public RelayedFlow? End { get; set; }

    public RelayNode Node { get; } = node;

    /// <summary>Ends it.</summary>
    public CancellationToken Stopped { get; } = stop.Token;

    public MergeSource Source { get; } = source;

    public Task Task { get; set; } = Task.CompletedTask;

    /// <summary>From when a next stream goes on, ns since 1970; null: what the client asked for first.</summary>
    public long? GoesOnAt => Volatile.Read(ref _goesOnAt) is > 0 and var at ? at : sinceNs;

    /// <summary>Place in the merge of the latest message.</summary>
    public long PlaceNs { get; private set; }

    /// <summary>Whether its clock is far ahead.</summary>
    public bool IsAhead { get; private set; } = isAhead;

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

    /// <summary>Reads until the node or somebody else ends it.</summary>
    /// <param name="question">What to ask.</param>
    /// <param name="merge">Gets what the node says.</param>
    /// <param name="news">How the state of nodes is told.</param>
    /// <param name="startNs">When the client asked.</param>
    /// <param name="stall">How long a node may be silent in the middle of a message.</param>
    public async Task RunAsync(RelayQuestion question, TimeMerge merge, NodeNews news, long startNs, TimeSpan stall)
    {
        RelayBatch? batch = null;
        RelayedFlow? end = null;
        var told = IsAhead || !question.TellsNodes;
        try
        {
            var stream = question.Ask(Node, sinceNs, stall, Stopped);
            await foreach (var frames in stream.ConfigureAwait(false))
            {
                while (end is null && frames.TryNext(out var message))
                {
                    batch ??= new RelayBatch();
                    if (Take(message.Span, batch) is { } problem)
                    {
                        end = news.Status(NodeState.NodeError, [Node.Peer.Name], problem);
                    }
                    else if (IsAhead && !told && !batch.IsFull)
                    {
                        told = true;
                        batch.Add(news.Status(NodeState.NodeError, [Node.Peer.Name], "its clock is ahead of the relay's; what it says is merged by when it comes").ToByteArray(), PlaceNs, isFlow: false);
                    }

                    if (batch.IsFull)
                    {
                        await PutAsync(merge, batch).ConfigureAwait(false);
                        batch = null;
                    }
                }

                if (batch is { Count: > 0 })
                {
                    await PutAsync(merge, batch).ConfigureAwait(false);
                    batch = null;
                }

                if (end is not null)
                {
                    break;
                }
            }
        }
        catch (RpcException e)
        {
            Refused = e.Code is not (RpcStatusCode.Unavailable or RpcStatusCode.DeadlineExceeded);
            end = news.Status(e.Code == RpcStatusCode.Unavailable ? NodeState.NodeUnavailable : NodeState.NodeError, [Node.Peer.Name], e.Detail);
            Node.LookNow();
            try
            {
                if (batch is { Count: > 0 })
                {
                    await PutAsync(merge, batch).ConfigureAwait(false);
                    batch = null;
                }
            }
            catch (OperationCanceledException)
            {
            }
        }
        catch (OperationCanceledException)
        {
        }

        if (!Stopped.IsCancellationRequested)
        {
            if (end is not null && !question.Window.Follow)
            {
                // In time order after what the node did say.
                end.Time = FlowEncoder.Time(Math.Max(PlaceNs, startNs));
            }

            End = end;
        }

        batch?.Dispose();
        Source.Complete();
        merge.Wake();
        stop.Dispose();
    }

    /// <summary>Hands messages over; they are the merge's from then on.</summary>
    public async ValueTask PutAsync(TimeMerge merge, RelayBatch batch)
    {
        var latest = batch.LatestNs;
        await merge.PutAsync(Source, batch, Stopped).ConfigureAwait(false);
        if (latest >= _goesOnAt)
        {
            Volatile.Write(ref _goesOnAt, latest + 1);
        }
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
