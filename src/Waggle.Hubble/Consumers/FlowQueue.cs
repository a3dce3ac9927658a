using System.Numerics;
using Microsoft.Extensions.Logging;
using Waggle.Hubble.Flows;
using Waggle.Hubble.Protocol.Flows;

namespace Waggle.Hubble.Consumers;

/// <summary>One consumer's bounded queue (one writer, one reader) and the task that empties it.</summary>
internal sealed partial class FlowQueue : IFlowSubscription
{
    private const int BatchMax = 256;
    private readonly FlowConsumers _owner;
    private readonly IFlowConsumer _consumer;
    private readonly ILogger _logger;
    private readonly FlowRecord[] _slots;
    private readonly FlowRecord[] _batch = new FlowRecord[BatchMax];
    private readonly CancellationTokenSource _stop = new();
    private readonly SemaphoreSlim _wake = new(0, 1);
    private readonly ulong[] _lostBySource = new ulong[4];
    private readonly Task _task;
    private ulong _head;
    private ulong _tail;
    private ulong _delivered;
    private ulong _lost;
    private int _sleeping;
    private int _disposed;

    public FlowQueue(FlowConsumers owner, IFlowConsumer consumer, int capacity, ILogger logger)
    {
        (_owner, _consumer, _logger) = (owner, consumer, logger);
        _slots = new FlowRecord[BitOperations.RoundUpToPowerOf2((uint)Math.Clamp(capacity, 64, 1 << 22))];
        _task = Task.Run(RunAsync);
    }

    public string Name => _consumer.Name;

    public ulong Delivered => Volatile.Read(ref _delivered);

    public ulong Lost => Volatile.Read(ref _lost);

    public void Offer(in FlowRecord flow)
    {
        if (_head - Volatile.Read(ref _tail) >= (ulong)_slots.Length)
        {
            _lost++;
            Interlocked.Increment(ref _lostBySource[(int)LostEventSource.HubbleRingBuffer]);
            return;
        }

        _slots[(int)(_head & (ulong)(_slots.Length - 1))] = flow;
        Interlocked.Exchange(ref _head, _head + 1);
        Wake();
    }

    public void OfferLost(LostEventSource source, ulong count)
    {
        Interlocked.Add(ref _lostBySource[(int)source & 3], count);
        Wake();
    }

    public async ValueTask DisposeAsync()
    {
        if (Interlocked.Exchange(ref _disposed, 1) != 0)
        {
            return;
        }

        _owner.Remove(this);
        await _stop.CancelAsync().ConfigureAwait(false);
        await _task.ConfigureAwait(false);
        _stop.Dispose();
    }

    private void Wake()
    {
        if (Volatile.Read(ref _sleeping) == 1 && Interlocked.Exchange(ref _sleeping, 0) == 1)
        {
            _wake.Release();
        }
    }

    private async Task RunAsync()
    {
        try
        {
            while (true)
            {
                if (!await DrainAsync().ConfigureAwait(false))
                {
                    Interlocked.Exchange(ref _sleeping, 1);
                    // Something may have come between the look and the nap.
                    if (IsEmpty() || Interlocked.Exchange(ref _sleeping, 0) == 0)
                    {
                        await _wake.WaitAsync(_stop.Token).ConfigureAwait(false);
                    }
                }

                _stop.Token.ThrowIfCancellationRequested();
            }
        }
        catch (OperationCanceledException) when (_stop.IsCancellationRequested)
        {
        }
    }

    private bool IsEmpty() => Volatile.Read(ref _head) == _tail && !_lostBySource.Any(c => c > 0);

    private async ValueTask<bool> DrainAsync()
    {
        var worked = false;
        for (var source = 0; source < _lostBySource.Length; source++)
        {
            var lost = Interlocked.Exchange(ref _lostBySource[source], 0);
            if (lost > 0)
            {
                worked = true;
                await GuardAsync(_consumer.OnLostAsync((LostEventSource)source, lost, _stop.Token)).ConfigureAwait(false);
            }
        }

        var count = (int)Math.Min(Volatile.Read(ref _head) - _tail, BatchMax);
        if (count == 0)
        {
            return worked;
        }

        for (var i = 0; i < count; i++)
        {
            ref var slot = ref _slots[(int)((_tail + (ulong)i) & (ulong)(_slots.Length - 1))];
            _batch[i] = slot;
            slot = default; // keeps no metadata of gone pods alive
        }

        Volatile.Write(ref _tail, _tail + (ulong)count);
        await GuardAsync(_consumer.OnFlowsAsync(_batch.AsMemory(0, count), _stop.Token)).ConfigureAwait(false);
        Volatile.Write(ref _delivered, _delivered + (ulong)count);
        return true;
    }

    private async ValueTask GuardAsync(ValueTask call)
    {
        try
        {
            await call.ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (_stop.IsCancellationRequested)
        {
            throw;
        }
#pragma warning disable CA1031 // a consumer's fault must not end its flows
        catch (Exception e)
#pragma warning restore CA1031
        {
            LogFailed(_consumer.Name, e);
        }
    }
}
