using Waggle.Hubble.Peers;
using Waggle.Hubble.Protocol.Health;
using Waggle.Hubble.Rpc;
using Waggle.Hubble.Rpc.Client;

namespace Waggle.Hubble.Relay;

/// <summary>One node of the cluster: its connection, and whether it answers.</summary>
public sealed class RelayNode : IAsyncDisposable
{
    private readonly RelayOptions _options;
    private readonly TimeProvider _time;
    private readonly Action _changed;
    private readonly CancellationTokenSource _stop = new();
    private readonly Task _watching;
    private TaskCompletionSource _look = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private long _wellAt = long.MinValue;

    internal RelayNode(Peer peer, RpcChannel channel, RelayOptions options, TimeProvider time, Action changed)
    {
        (Peer, Channel, _options, _time, _changed) = (peer, channel, options, time, changed);
        _watching = Task.Run(WatchAsync);
    }

    /// <summary>Who it is.</summary>
    public Peer Peer { get; }

    /// <summary>Its connection.</summary>
    public RpcChannel Channel { get; }

    /// <summary>Null: not known yet.</summary>
    public bool? Available { get; private set; }

    /// <summary>Why it is not available.</summary>
    public string Problem { get; private set; } = "";

    /// <summary>Its health is looked at now rather than later: somebody lost it, or wants to know.</summary>
    public void LookNow() => Volatile.Read(ref _look).TrySetResult();

    /// <summary>Whether it answered when it was asked for its health at this time or later, in ticks of the clock.</summary>
    public bool WellSince(long timestamp) => Volatile.Read(ref _wellAt) >= timestamp;

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync().ConfigureAwait(false);
        await _watching.ConfigureAwait(false);
        Channel.Dispose();
        _stop.Dispose();
    }

    private async Task WatchAsync()
    {
        var backoff = _options.MinBackoff;
        try
        {
            while (true)
            {
                try
                {
                    Volatile.Write(ref _look, new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously));
                    var asked = _time.GetTimestamp();
                    await Channel.CallAsync(HubbleMethods.HealthCheck, new HealthCheckRequest(), _options.CallTimeout, _stop.Token).ConfigureAwait(false);
                    Volatile.Write(ref _wellAt, asked);
                    Set(true, "");
                    backoff = _options.MinBackoff;
                    using var enough = CancellationTokenSource.CreateLinkedTokenSource(_stop.Token);
                    await Task.WhenAny(Task.Delay(_options.HealthInterval, _time, enough.Token), _look.Task).ConfigureAwait(false);
                    await enough.CancelAsync().ConfigureAwait(false);
                    _stop.Token.ThrowIfCancellationRequested();
                }
                catch (RpcException e)
                {
                    Set(false, e.Detail);
                    await Task.Delay(backoff, _time, _stop.Token).ConfigureAwait(false);
                    backoff = backoff * 2 < _options.MaxBackoff ? backoff * 2 : _options.MaxBackoff;
                }
            }
        }
        catch (OperationCanceledException) when (_stop.IsCancellationRequested)
        {
        }
    }

    private void Set(bool available, string problem)
    {
        var changed = Available != available;
        (Problem, Available) = (problem, available);
        if (changed)
        {
            _changed();
        }
    }
}
