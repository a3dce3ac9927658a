using Google.Protobuf;
using Google.Protobuf.WellKnownTypes;
using Waggle.Hubble.Codec;
using Waggle.Hubble.Protocol.Relayed;
using Waggle.Hubble.Protocol.Relays;
using Waggle.Hubble.Rpc;
using Waggle.Hubble.Rpc.Server;

namespace Waggle.Hubble.Relay;

/// <summary>One client's stream over all nodes: what they say, in order of time.</summary>
internal sealed class RelayStream(RelayPool pool, RelayOptions options, RelayQuestion question, IRpcWriter<RelayedFlow> writer, RpcServerCall call, string relayName, TimeProvider time) : IDisposable
{
    private const int FlushBytes = 32 << 10;
    private const int MaxTail = 65536;

    private readonly Dictionary<string, RelayReader> _readers = new(StringComparer.Ordinal);
    private readonly CancellationTokenSource _stop = CancellationTokenSource.CreateLinkedTokenSource(call.Cancellation);
    private readonly long _startNs = (time.GetUtcNow() - DateTimeOffset.UnixEpoch).Ticks * 100;
    private readonly Queue<byte[]> _tail = new();
    private readonly RpcFrameBuffer _frames = new();
    private ulong _sent;

    /// <summary>Flows that a node may send.</summary>
    private long MaxFlows => question.Window switch
    {
        { Follow: true } => long.MaxValue,
        { Number: > 0 and var number } when number < (ulong)options.MaxAnswer => (long)number,
        _ => options.MaxAnswer,
    };

    /// <summary>Serves until the answer is whole or the client goes.</summary>
    public async Task RunAsync()
    {
        var window = question.Window;
        using var merge = new TimeMerge(window.Follow ? _startNs : long.MaxValue, options.Hold, options.Patience, time);
        var times = new RelayTimes(window, merge, _startNs, time);
        var keepTail = window is { Follow: false, First: false, Number: > 0 and <= MaxTail };
        try
        {
            var (nodes, changed) = pool.Now;
            Begin(nodes, merge, times);
            while (_sent < window.Limit)
            {
                if (merge.TryPeek(out var source))
                {
                    Emit(source, keepTail);
                    merge.Advance(source);
                    if (_frames.Length >= FlushBytes)
                    {
                        await SendAsync().ConfigureAwait(false);
                        LookAtNodes();
                    }

                    continue;
                }

                if (LookAtNodes())
                {
                    continue;
                }

                DropSilent(merge);
                if (merge.Sources.Count == 0 && !window.Follow)
                {
                    break;
                }

                if (_frames.Length > 0 || window.Follow)
                {
                    await SendAsync().ConfigureAwait(false);
                }

                await merge.WaitAsync(_stop.Token).ConfigureAwait(false);
            }

            foreach (var kept in _tail)
            {
                _frames.Add(kept);
                if (_frames.Length >= FlushBytes)
                {
                    await SendAsync().ConfigureAwait(false);
                }
            }

            await SendAsync().ConfigureAwait(false);

            bool LookAtNodes()
            {
                if (!window.Follow || !(changed.IsCompleted || _readers.Values.Any(MayRestart)))
                {
                    return false;
                }

                (nodes, changed) = pool.Now;
                Follow(nodes, merge, times);
                return true;
            }
        }
        finally
        {
            await _stop.CancelAsync().ConfigureAwait(false);
            foreach (var reader in _readers.Values)
            {
                await reader.Task.ConfigureAwait(false);
                reader.Source.Clear();
            }
        }
    }

    public void Dispose()
    {
        _frames.Dispose();
        _stop.Dispose();
    }

    private void Begin(IReadOnlyList<RelayNode> nodes, TimeMerge merge, RelayTimes times)
    {
        var (there, away) = (nodes.Where(n => n.Available != false).ToList(), nodes.Where(n => n.Available == false).ToList());
        foreach (var node in there)
        {
            Start(node, merge, times, null);
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
    private void Follow(IReadOnlyList<RelayNode> nodes, TimeMerge merge, RelayTimes times)
    {
        foreach (var (name, reader) in _readers.Where(r => nodes.All(n => n.Peer.Name != r.Key)).ToArray())
        {
            reader.Cancel();
            _readers.Remove(name);
            Tell(NodeState.NodeGone, [name], "");
        }

        foreach (var node in nodes.Where(n => n.Available == true))
        {
            if (!_readers.TryGetValue(node.Peer.Name, out var reader) || reader.Node != node || MayRestart(reader))
            {
                // Where it was, if it was: what happened meanwhile is in the node's ring.
                var since = (reader?.LastNs ?? _startNs) + 1;
                reader?.Cancel();
                Start(node, merge, times, since);
                Tell(NodeState.NodeConnected, [node.Peer.Name], "");
            }
        }
    }

    /// <summary>A stream that ended is begun again, soon if its node was away, later if it refused.</summary>
    private bool MayRestart(RelayReader reader) => reader.Task.IsCompleted && reader.Node.Available == true
        && time.GetElapsedTime(reader.Started) > (reader.Refused ? options.MaxBackoff : options.MinBackoff);

    private void Start(RelayNode node, TimeMerge merge, RelayTimes times, long? sinceNs)
    {
        var source = new MergeSource(node.Peer.Name, options.BufferPerNode);
        var reader = new RelayReader(node, CancellationTokenSource.CreateLinkedTokenSource(_stop.Token), source, times, MaxFlows, time.GetTimestamp());
        _readers[node.Peer.Name] = reader;
        merge.Add(source);
        reader.Task = Task.Run(() => ReadAsync(reader, merge, sinceNs));
    }

    private async Task ReadAsync(RelayReader reader, TimeMerge merge, long? sinceNs)
    {
        RelayedFlow? last = null;
        RelayBatch? batch = null;
        var told = !question.TellsNodes;
        try
        {
            var stream = question.Ask(reader.Node, sinceNs, reader.Stopped);
            await foreach (var frames in stream.ConfigureAwait(false))
            {
                while (frames.TryNext(out var message))
                {
                    batch ??= new RelayBatch();
                    if (reader.Take(message.Span, batch) is { } problem)
                    {
                        last = Status(NodeState.NodeError, [reader.Node.Peer.Name], problem);
                        break;
                    }

                    if (reader.IsAhead && !told && !batch.IsFull)
                    {
                        told = true;
                        batch.Add(Status(NodeState.NodeError, [reader.Node.Peer.Name], "its clock is ahead of the relay's; what it says is merged by when it comes").ToByteArray(), reader.PlaceNs, isFlow: false);
                    }

                    if (batch.IsFull)
                    {
                        await reader.PutAsync(merge, batch).ConfigureAwait(false);
                        batch = null;
                    }
                }

                if (batch is { Count: > 0 })
                {
                    await reader.PutAsync(merge, batch).ConfigureAwait(false);
                    batch = null;
                }

                if (last is not null)
                {
                    break;
                }
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

        if (last is not null && question.TellsNodes && !reader.Stopped.IsCancellationRequested)
        {
            // In time order after what the node did say.
            var at = Math.Max(reader.PlaceNs, _startNs);
            last.Time = FlowEncoder.Time(at);
            batch ??= new RelayBatch();
            batch.Add(last.ToByteArray(), at, isFlow: false);
            try
            {
                await reader.PutAsync(merge, batch).ConfigureAwait(false);
                batch = null;
            }
            catch (OperationCanceledException)
            {
            }
        }

        batch?.Dispose();
        reader.Source.Complete();
        merge.Wake();
        reader.Done();
    }

    /// <summary>An answer that should end and does not go on is given up.</summary>
    private void DropSilent(TimeMerge merge)
    {
        if (question.Window.Follow)
        {
            return;
        }

        foreach (var source in merge.Sources)
        {
            if (merge.Silence(source) > options.GiveUp && _readers.TryGetValue(source.Name, out var reader) && !reader.Stopped.IsCancellationRequested)
            {
                reader.Cancel();
                Tell(NodeState.NodeError, [source.Name], $"nothing heard for {options.GiveUp.TotalSeconds:0.#} s; the rest of its answer is not waited for");
            }
        }
    }

    private void Emit(MergeSource source, bool keepTail)
    {
        if (!keepTail || !source.HeadIsFlow)
        {
            _frames.Add(source.Head);
            _sent += source.HeadIsFlow ? 1UL : 0;
            return;
        }

        _tail.Enqueue(source.Head.ToArray());
        if ((ulong)_tail.Count > question.Window.Number)
        {
            _tail.Dequeue();
        }
    }

    private ValueTask SendAsync()
    {
        writer.WriteFrames(_frames.Written);
        _frames.Clear();
        return writer.FlushAsync();
    }

    private void Tell(NodeState state, IReadOnlyList<string> names, string message)
    {
        if (question.TellsNodes)
        {
            _frames.Add(Status(state, names, message));
        }
    }

    private RelayedFlow Status(NodeState state, IReadOnlyList<string> names, string message) => new()
    {
        NodeStatus = new NodeStatusEvent { StateChange = state, NodeNames = { names }, Message = message },
        NodeName = relayName,
        Time = Timestamp.FromDateTimeOffset(time.GetUtcNow()),
    };
}
