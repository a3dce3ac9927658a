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
                    await Channel.CallAsync(HubbleMethods.HealthCheck, new HealthCheckRequest(), _options.CallTimeout, _stop.Token).ConfigureAwait(false);
                    Set(true, "");
                    backoff = _options.MinBackoff;
                    await Task.Delay(_options.HealthInterval, _time, _stop.Token).ConfigureAwait(false);
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
