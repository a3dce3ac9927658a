using Google.Protobuf;
using Google.Protobuf.WellKnownTypes;
using Waggle.Hubble.Codec;
using Waggle.Hubble.Observing;
using Waggle.Hubble.Protocol.Flows;
using Waggle.Hubble.Protocol.Observers;
using Waggle.Hubble.Protocol.Relayed;
using Waggle.Hubble.Protocol.Relays;
using Waggle.Hubble.Rpc;
using Waggle.Hubble.Rpc.Server;

namespace Waggle.Hubble.Relay;

/// <summary>One client's GetFlows over all nodes.</summary>
internal sealed class RelayStream(RelayPool pool, RelayOptions options, GetFlowsRequest request, IRpcWriter<RelayedFlow> writer, RpcServerCall call, string relayName, TimeProvider time)
{
    private const int FlushBytes = 32 << 10;
    private const int MaxTail = 65536;

    /// <summary>Clocks of nodes differ by less than this.</summary>
    private const long SkewNs = 10_000_000_000;

    private readonly Dictionary<string, NodeReader> _readers = new(StringComparer.Ordinal);
    private readonly CancellationTokenSource _stop = CancellationTokenSource.CreateLinkedTokenSource(call.Cancellation);
    private readonly long _startNs = (time.GetUtcNow() - DateTimeOffset.UnixEpoch).Ticks * 100;
    private readonly Queue<RelayedFlow> _tail = new();
    private ulong _sent;

    /// <summary>Serves until the answer is whole or the client goes.</summary>
    public async Task RunAsync()
    {
        // A bad request is told once, by us, not by every node.
        var query = FlowQuery.Compile(request);
        using var merge = new TimeMerge<RelayedFlow>(TimeOf, request.Follow ? _startNs : long.MaxValue, options.Hold, options.Patience, time);
        var keepTail = !request.Follow && !request.First && request.Number is > 0 and <= MaxTail;
        try
        {
            var (nodes, changed) = pool.Now;
            Begin(nodes, merge);
            while (_sent < query.Limit)
            {
                if (merge.TryTake(out var item, out _))
                {
                    await EmitAsync(item!, keepTail).ConfigureAwait(false);
                    continue;
                }

                if (request.Follow && (changed.IsCompleted || _readers.Values.Any(MayRestart)))
                {
                    (nodes, changed) = pool.Now;
                    Follow(nodes, merge);
                    continue;
                }

                DropSilent(merge);
                if (merge.Sources.Count == 0 && !request.Follow)
                {
                    break;
                }

                if (writer.Unflushed > 0 || request.Follow)
                {
                    await writer.FlushAsync().ConfigureAwait(false);
                }

                await merge.WaitAsync(_stop.Token).ConfigureAwait(false);
            }

            foreach (var kept in _tail)
            {
                await WriteAsync(kept).ConfigureAwait(false);
            }
        }
        finally
        {
            await _stop.CancelAsync().ConfigureAwait(false);
            foreach (var reader in _readers.Values)
            {
                await reader.Task.ConfigureAwait(false);
            }

            _stop.Dispose();
        }
    }

    private static long TimeOf(RelayedFlow item) => item.Time is { } t ? FlowDecoder.Nanoseconds(t) : 0;

    private void Begin(IReadOnlyList<RelayNode> nodes, TimeMerge<RelayedFlow> merge)
    {
        var (there, away) = (nodes.Where(n => n.Available != false).ToList(), nodes.Where(n => n.Available == false).ToList());
        foreach (var node in there)
        {
            Start(node, merge, request);
        }

        if (there.Count > 0)
        {
            Tell(NodeState.NodeConnected, [.. there.Select(n => n.Peer.Name)], "");
        }

        if (away.Count > 0)
        {
            Tell(NodeState.NodeUnavailable, [.. away.Select(n => n.Peer.Name)], string.Join("; ", away.Select(n => n.Problem).Distinct().Take(3)));
        }
    }

    /// <summary>Nodes that came, came back or went.</summary>
    private void Follow(IReadOnlyList<RelayNode> nodes, TimeMerge<RelayedFlow> merge)
    {
        foreach (var (name, reader) in _readers.Where(r => nodes.All(n => n.Peer.Name != r.Key)).ToArray())
        {
            reader.Stop.Cancel();
            _readers.Remove(name);
            Tell(NodeState.NodeGone, [name], "");
        }

        foreach (var node in nodes.Where(n => n.Available == true))
        {
            if (!_readers.TryGetValue(node.Peer.Name, out var reader) || reader.Node != node || MayRestart(reader))
            {
                // Where it was, if it was: what happened meanwhile is in the node's ring.
                var again = request.Clone();
                (again.Number, again.First) = (0, false);
                again.Since = FlowEncoder.Time((reader?.LastNs ?? _startNs) + 1);
                reader?.Stop.Cancel();
                Start(node, merge, again);
                Tell(NodeState.NodeConnected, [node.Peer.Name], "");
            }
        }
    }

    /// <summary>A stream that ended is begun again, soon if its node was away, later if it refused.</summary>
    private bool MayRestart(NodeReader reader) => reader.Task.IsCompleted && reader.Node.Available == true
        && time.GetElapsedTime(reader.Started) > (reader.Refused ? options.MaxBackoff : options.MinBackoff);

    private void Start(RelayNode node, TimeMerge<RelayedFlow> merge, GetFlowsRequest ask)
    {
        var source = new MergeSource<RelayedFlow>(node.Peer.Name, options.BufferPerNode);
        var reader = new NodeReader(node, CancellationTokenSource.CreateLinkedTokenSource(_stop.Token), source, time.GetTimestamp());
        _readers[node.Peer.Name] = reader;
        merge.Add(source);
        reader.Task = Task.Run(() => ReadAsync(reader, merge, ask));
    }

    private async Task ReadAsync(NodeReader reader, TimeMerge<RelayedFlow> merge, GetFlowsRequest ask)
    {
        RelayedFlow? last = null;
        try
        {
            await foreach (var item in reader.Node.Channel.StreamAsync(RelayedMethods.GetFlows, ask, cancellation: reader.Stop.Token).ConfigureAwait(false))
            {
                var at = TimeOf(item);
                if (!ask.Follow && at > _startNs + SkewNs)
                {
                    last = Status(NodeState.NodeError, [reader.Node.Peer.Name], "sends flows later than the request, which asked for none; the rest of its answer is not taken");
                    break;
                }

                Claim(item, reader.Node.Peer.Name);
                reader.LastNs = Math.Max(reader.LastNs, at);
                await merge.PutAsync(reader.Source, item, reader.Stop.Token).ConfigureAwait(false);
            }
        }
        catch (RpcException e)
        {
            reader.Refused = e.Code != RpcStatusCode.Unavailable;
            last = Status(e.Code == RpcStatusCode.Unavailable ? NodeState.NodeUnavailable : NodeState.NodeError, [reader.Node.Peer.Name], e.Detail);
        }
        catch (OperationCanceledException)
        {
        }

        if (last is not null && !reader.Stop.IsCancellationRequested)
        {
            // In time order after what the node did say.
            last.Time = FlowEncoder.Time(Math.Max(reader.LastNs, _startNs));
            try
            {
                await merge.PutAsync(reader.Source, last, reader.Stop.Token).ConfigureAwait(false);
            }
            catch (OperationCanceledException)
            {
            }
        }

        reader.Source.Writer.Complete();
        merge.Wake();
    }

    /// <summary>Whatever a node says: its flows are its own.</summary>
    private static void Claim(RelayedFlow item, string name)
    {
        if (item.NodeName == name)
        {
            return;
        }

        item.NodeName = name;
        if (item.ResponseTypesCase == RelayedFlow.ResponseTypesOneofCase.Flow)
        {
            // The last value of a field counts: append the right one.
            var correction = new Flow { NodeName = name }.ToByteArray();
            item.Flow = ByteString.CopyFrom([.. item.Flow.Span, .. correction]);
        }
    }

    /// <summary>An answer that should end and does not go on is given up.</summary>
    private void DropSilent(TimeMerge<RelayedFlow> merge)
    {
        if (request.Follow)
        {
            return;
        }

        foreach (var source in merge.Sources)
        {
            if (merge.Silence(source) > options.GiveUp && _readers.TryGetValue(source.Name, out var reader) && !reader.Stop.IsCancellationRequested)
            {
                reader.Stop.Cancel();
                Tell(NodeState.NodeError, [source.Name], $"nothing heard for {options.GiveUp.TotalSeconds:0.#} s; the rest of its answer is not waited for");
            }
        }
    }

    private async ValueTask EmitAsync(RelayedFlow item, bool keepTail)
    {
        if (keepTail && item.ResponseTypesCase == RelayedFlow.ResponseTypesOneofCase.Flow)
        {
            _tail.Enqueue(item);
            if ((ulong)_tail.Count > request.Number)
            {
                _tail.Dequeue();
            }

            return;
        }

        await WriteAsync(item).ConfigureAwait(false);
    }

    private ValueTask WriteAsync(RelayedFlow item)
    {
        writer.Write(item);
        _sent += item.ResponseTypesCase == RelayedFlow.ResponseTypesOneofCase.Flow ? 1UL : 0;
        return writer.Unflushed >= FlushBytes ? writer.FlushAsync() : ValueTask.CompletedTask;
    }

    private void Tell(NodeState state, IReadOnlyList<string> names, string message) => writer.Write(Status(state, names, message));

    private RelayedFlow Status(NodeState state, IReadOnlyList<string> names, string message) => new()
    {
        NodeStatus = new NodeStatusEvent { StateChange = state, NodeNames = { names }, Message = message },
        NodeName = relayName,
        Time = Timestamp.FromDateTimeOffset(time.GetUtcNow()),
    };

    private sealed class NodeReader(RelayNode node, CancellationTokenSource stop, MergeSource<RelayedFlow> source, long started)
    {
        public long Started { get; } = started;

        public bool Refused { get; set; }

        public RelayNode Node { get; } = node;

        public CancellationTokenSource Stop { get; } = stop;

        public MergeSource<RelayedFlow> Source { get; } = source;

        public Task Task { get; set; } = Task.CompletedTask;

        public long LastNs { get; set; }
    }
}
