using Waggle.Hubble.Protocol.Relayed;
using Waggle.Hubble.Protocol.Relays;
using Waggle.Hubble.Rpc;
using Waggle.Hubble.Rpc.Server;

namespace Waggle.Hubble.Relay;

/// <summary>One client's stream over all nodes: what they say, in order of time.</summary>
internal sealed class RelayStream : IDisposable
{
    private const int FlushBytes = 32 << 10;
    private const int MaxTail = 65536;

    private readonly RelayPool _pool;
    private readonly RelayOptions _options;
    private readonly RelayQuestion _question;
    private readonly IRpcWriter<RelayedFlow> _writer;
    private readonly TimeProvider _time;
    private readonly Dictionary<string, RelayReader> _readers = new(StringComparer.Ordinal);
    private readonly CancellationTokenSource _stop;
    private readonly long _startNs;
    private readonly Queue<byte[]> _tail = new();
    private readonly RpcFrameBuffer _frames = new();
    private readonly NodeNews _news;
    private ulong _sent;

    public RelayStream(RelayPool pool, RelayOptions options, RelayQuestion question, IRpcWriter<RelayedFlow> writer, RpcServerCall call, string relayName, TimeProvider time)
    {
        (_pool, _options, _question, _writer, _time) = (pool, options, question, writer, time);
        _stop = CancellationTokenSource.CreateLinkedTokenSource(call.Cancellation);
        _startNs = (time.GetUtcNow() - DateTimeOffset.UnixEpoch).Ticks * 100;
        _news = new NodeNews(question, _frames, relayName, time);
    }

    private bool HasHistory => _question.Window is { HasSince: true } or { Number: > 0 };

    /// <summary>Flows that a node may send.</summary>
    private long MaxFlows => _question.Window switch
    {
        { Follow: true } => long.MaxValue,
        { Number: > 0 and var number } when number < (ulong)_options.MaxAnswer => (long)number,
        _ => _options.MaxAnswer,
    };

    /// <summary>Serves until the answer is whole or the client goes.</summary>
    public async Task RunAsync()
    {
        var window = _question.Window;
        using var merge = new TimeMerge(window.Follow ? _startNs : long.MaxValue, _options.Hold, _options.Patience, _time);
        var times = new RelayTimes(window, merge, _startNs, _time);
        var keepTail = window is { Follow: false, First: false, Number: > 0 and <= MaxTail };
        try
        {
            var (nodes, changed) = _pool.Now;
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
                var told = TellEnds();
                if (!window.Follow || !(changed.IsCompleted || _readers.Values.Any(r => MayRestart(r) || IsBack(r))))
                {
                    return told;
                }

                (nodes, changed) = _pool.Now;
                return Follow(nodes, merge, times) || told;
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
        var away = nodes.Where(n => n.Available == false).ToList();
        var there = nodes.Where(n => n.Available == true || (n.Available is null && !_question.Window.Follow)).Select(n => n.Peer.Name).ToList();
        _news.Tell(NodeState.NodeConnected, there, "");
        _news.Tell(NodeState.NodeUnavailable, [.. away.Select(n => n.Peer.Name)], string.Join("; ", away.Select(n => n.Problem).Distinct().Take(3)));
        foreach (var node in nodes.Where(n => n.Available != false))
        {
            Start(node, merge, times, null);
        }
    }

    /// <summary>Nodes that came, came back or went; false: none did.</summary>
    private bool Follow(IReadOnlyList<RelayNode> nodes, TimeMerge merge, RelayTimes times)
    {
        var any = false;
        foreach (var name in _news.Known.Concat(_readers.Keys).Where(k => nodes.All(n => n.Peer.Name != k)).Distinct().ToArray())
        {
            if (_readers.Remove(name, out var reader))
            {
                reader.Cancel();
            }

            _news.TellGone(name);
            any = true;
        }

        foreach (var node in nodes)
        {
            var (name, reader) = (node.Peer.Name, _readers.GetValueOrDefault(node.Peer.Name));
            var told = _news.Last(name);
            if (node.Available == true && (reader is null || reader.Node != node || MayRestart(reader)))
            {
                if (told == NodeState.UnknownNodeState)
                {
                    _news.Tell(NodeState.NodeConnected, name, "");
                }

                // Where it was, if it was: what happened meanwhile is in the node's ring.
                reader?.Cancel();
                Start(node, merge, times, reader is null ? _startNs + 1 : reader.GoesOnAt ?? (HasHistory ? null : _startNs + 1), reader?.IsAhead == true);
            }
            else if (node.Available == false && reader?.Source.IsOver != false && told is NodeState.NodeConnected or NodeState.UnknownNodeState)
            {
                _news.Tell(NodeState.NodeUnavailable, name, node.Problem);
            }
            else if (reader is not null && IsBack(reader))
            {
                TellConnected(reader.Source);
            }
            else
            {
                continue;
            }

            any = true;
        }

        return any;
    }

    /// <summary>A stream that ended is begun again, soon if its node was away, later if it refused; once all of it went out, so that news are in order.</summary>
    private bool MayRestart(RelayReader reader) => reader.Task.IsCompleted && reader.Source.IsOver && reader.Node.Available == true
        && _time.GetElapsedTime(reader.Started) > (reader.Refused ? _options.MaxBackoff : _options.MinBackoff);

    /// <summary>
    /// Whether a node that was away has a stream that works, though it says nothing: it is open for a while, and the node answers. After
    /// an error only what it says tells that.
    /// </summary>
    private bool IsBack(RelayReader reader)
    {
        if (reader.Source.Announced || reader.Source.IsOver || _news.Last(reader.Source.Name) == NodeState.NodeError || _time.GetElapsedTime(reader.Started) < _options.MinBackoff)
        {
            return false;
        }

        if (reader.Node.WellSince(reader.Started))
        {
            return true;
        }

        reader.Node.LookNow();
        return false;
    }

    private void TellConnected(MergeSource source)
    {
        source.Announced = true;
        _news.Tell(NodeState.NodeConnected, source.Name, "");
    }

    /// <summary>Why streams ended, once all that they said went out.</summary>
    private bool TellEnds()
    {
        var any = false;
        foreach (var reader in _readers.Values)
        {
            if (reader.End is { } end && reader.Source.IsOver)
            {
                _news.Tell(end);
                reader.End = null;
                any = true;
            }
        }

        return any;
    }

    /// <param name="sinceNs">Go on from here; null: what the client asks for.</param>
    private void Start(RelayNode node, TimeMerge merge, RelayTimes times, long? sinceNs, bool isAhead = false)
    {
        var source = new MergeSource(node.Peer.Name, _options.BufferPerNode) { Announced = _news.Last(node.Peer.Name) == NodeState.NodeConnected };
        var reader = new RelayReader(node, CancellationTokenSource.CreateLinkedTokenSource(_stop.Token), source, times, MaxFlows, _time.GetTimestamp(), sinceNs, isAhead);
        _readers[node.Peer.Name] = reader;
        merge.Add(source);
        reader.Task = Task.Run(() => reader.RunAsync(_question, merge, _news, _startNs, _question.Window.Follow ? _options.GiveUp : Timeout.InfiniteTimeSpan));
    }

    /// <summary>An answer that should end and does not go on is given up.</summary>
    private void DropSilent(TimeMerge merge)
    {
        if (_question.Window.Follow)
        {
            return;
        }

        foreach (var source in merge.Sources)
        {
            if (merge.Silence(source) > _options.GiveUp && _readers.TryGetValue(source.Name, out var reader) && !reader.Stopped.IsCancellationRequested)
            {
                reader.Cancel();
                _news.Tell(NodeState.NodeError, source.Name, $"nothing heard for {_options.GiveUp.TotalSeconds:0.#} s; the rest of its answer is not waited for");
            }
        }
    }

    private void Emit(MergeSource source, bool keepTail)
    {
        if (!source.Announced)
        {
            TellConnected(source);
        }

        if (!keepTail || !source.HeadIsFlow)
        {
            _frames.Add(source.Head);
            _sent += source.HeadIsFlow ? 1UL : 0;
            return;
        }

        _tail.Enqueue(source.Head.ToArray());
        if ((ulong)_tail.Count > _question.Window.Number)
        {
            _tail.Dequeue();
        }
    }

    private ValueTask SendAsync()
    {
        _writer.WriteFrames(_frames.Written);
        _frames.Clear();
        return _writer.FlushAsync();
    }
}
