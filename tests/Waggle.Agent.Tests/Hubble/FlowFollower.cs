using System.Diagnostics;
using Google.Protobuf.WellKnownTypes;
using Waggle.Agent.Tests.Cluster;
using Waggle.Hubble.Protocol.Flows;
using Waggle.Hubble.Protocol.Observers;
using Waggle.Hubble.Rpc;
using Waggle.Hubble.Rpc.Client;

namespace Waggle.Agent.Tests.Hubble;

/// <summary>GetFlows with follow on a node's socket: all that the node tells from now on, in its order.</summary>
internal sealed class FlowFollower : IAsyncDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);
    private readonly RpcChannel _channel;
    private readonly CancellationTokenSource _stop = new();
    private readonly List<Flow> _flows = [];
    private readonly Task _reading;
    private readonly string _node;
    private readonly Dictionary<LostEventSource, ulong> _lostBy = [];
    private TaskCompletionSource? _paused;
    private string _lost = "";

    private FlowFollower(TestNode node, RpcChannel channel, GetFlowsRequest request)
    {
        (_node, _channel) = (node.Name, channel);
        _reading = ReadAsync(request);
    }

    /// <param name="node">The node.</param>
    /// <param name="history">Whether what the agent told before comes first.</param>
    public static async Task<FlowFollower> StartAsync(TestNode node, bool history = false)
    {
        var channel = new RpcChannel(RpcTarget.Unix(node.HubbleSocket));
        for (long started = Stopwatch.GetTimestamp(); ; await Task.Delay(20))
        {
            try
            {
                await channel.CallAsync(HubbleMethods.ServerStatus, new ServerStatusRequest(), Patience);
                return new FlowFollower(node, channel, new GetFlowsRequest { Follow = true, Since = history ? new Timestamp() : null });
            }
            catch (RpcException e)
            {
                Assert.True(Stopwatch.GetElapsedTime(started) < Patience, $"{node.Name} does not serve flows: {e.Message}\n{node.Log}");
            }
        }
    }

    /// <summary>Flows so far.</summary>
    public int Count
    {
        get
        {
            lock (_flows)
            {
                return _flows.Count;
            }
        }
    }

    /// <summary>Events of which it was told that they are missing.</summary>
    public ulong Lost(LostEventSource? source = null)
    {
        lock (_flows)
        {
            return _lostBy.Where(l => source is null || l.Key == source).Aggregate(0ul, (sum, l) => sum + l.Value);
        }
    }

    /// <summary>Reads nothing more until <see cref="Resume"/>.</summary>
    public void Pause() => Volatile.Write(ref _paused, new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously));

    public void Resume() => Interlocked.Exchange(ref _paused, null)?.SetResult();

    /// <summary>What came from a place on.</summary>
    public IReadOnlyList<Flow> From(int start)
    {
        lock (_flows)
        {
            return _flows[start..];
        }
    }

    /// <summary>Waits until so many flows from this place on match; where the last of them is.</summary>
    public async Task<int> UntilAsync(string what, int start, Func<Flow, bool> matches, int count = 1)
    {
        int found = await TryUntilAsync(start, matches, Patience, count);
        Assert.True(found >= 0, $"{_node} did not tell of {what}; it told of:\n{string.Join('\n', From(start))}\n{_lost}");
        return found;
    }

    /// <summary>The same; -1 when it does not come.</summary>
    public async Task<int> TryUntilAsync(int start, Func<Flow, bool> matches, TimeSpan limit, int count = 1)
    {
        for (long started = Stopwatch.GetTimestamp(); ; await Task.Delay(2))
        {
            lock (_flows)
            {
                for (int i = start, seen = 0; i < _flows.Count; i++)
                {
                    if (matches(_flows[i]) && ++seen == count)
                    {
                        return i;
                    }
                }
            }

            if (_reading.IsCompleted || Stopwatch.GetElapsedTime(started) > limit)
            {
                return -1;
            }
        }
    }

    public async ValueTask DisposeAsync()
    {
        Resume();
        await _stop.CancelAsync();
        await _reading;
        _channel.Dispose();
        _stop.Dispose();
    }

    private async Task ReadAsync(GetFlowsRequest request)
    {
        try
        {
            await foreach (GetFlowsResponse response in _channel.StreamAsync(HubbleMethods.GetFlows, request, cancellation: _stop.Token))
            {
                if (Volatile.Read(ref _paused) is { } paused)
                {
                    await paused.Task;
                }

                if (response.LostEvents is { } lost)
                {
                    lock (_flows)
                    {
                        _lost += $"lost: {lost}\n";
                        _lostBy[lost.Source] = _lostBy.GetValueOrDefault(lost.Source) + lost.NumEventsLost;
                    }
                }

                if (response.Flow is { } flow)
                {
                    lock (_flows)
                    {
                        _flows.Add(flow);
                    }
                }
            }
        }
        catch (Exception e) when (e is RpcException or OperationCanceledException)
        {
            _lost += $"the stream ended: {e.Message}";
        }
    }
}
