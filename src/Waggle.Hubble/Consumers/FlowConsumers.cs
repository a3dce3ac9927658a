using Microsoft.Extensions.Logging;
using Waggle.Hubble.Flows;
using Waggle.Hubble.Protocol.Flows;

namespace Waggle.Hubble.Consumers;

/// <summary>Hands each flow to those who subscribed. The writer's part is one copy per consumer, without locks or allocation.</summary>
public sealed class FlowConsumers(ILogger<FlowConsumers> logger) : IFlowSource
{
    private readonly Lock _lock = new();
    private FlowQueue[] _queues = [];

    /// <summary>Those who subscribed now.</summary>
    public IReadOnlyList<(string Name, IFlowSubscription Subscription)> Subscriptions => [.. Volatile.Read(ref _queues).Select(q => (q.Name, (IFlowSubscription)q))];

    public IFlowSubscription Subscribe(IFlowConsumer consumer, int queueCapacity = 16384)
    {
        var queue = new FlowQueue(this, consumer, queueCapacity, logger);
        lock (_lock)
        {
            Volatile.Write(ref _queues, [.. _queues, queue]);
        }

        return queue;
    }

    /// <summary>One flow for all; called by the one writer.</summary>
    public void Offer(in FlowRecord flow)
    {
        foreach (var queue in Volatile.Read(ref _queues))
        {
            queue.Offer(flow);
        }
    }

    /// <summary>Events that nobody will see.</summary>
    public void OfferLost(LostEventSource source, ulong count)
    {
        foreach (var queue in Volatile.Read(ref _queues))
        {
            queue.OfferLost(source, count);
        }
    }

    internal void Remove(FlowQueue queue)
    {
        lock (_lock)
        {
            Volatile.Write(ref _queues, [.. _queues.Where(q => q != queue)]);
        }
    }
}
