using Waggle.Hubble.Flows;
using Waggle.Hubble.Protocol.Flows;

namespace Waggle.Hubble.Consumers;

/// <summary>
/// Something inside the agent that wants every flow: metrics, an exporter. Each consumer has a bounded queue and a task of its own: it
/// may be slow, then it loses flows, which are counted and told; nobody else notices.
/// </summary>
public interface IFlowConsumer
{
    /// <summary>Short name, for metrics and status ("metrics", "export:name").</summary>
    string Name { get; }

    /// <summary>
    /// The next flows, in order, on the consumer's own task; never called twice at a time. The span is reused after the call. Records are
    /// flows only, never lost notes. An exception is logged and ends nothing.
    /// </summary>
    ValueTask OnFlowsAsync(ReadOnlyMemory<FlowRecord> flows, CancellationToken cancellation);

    /// <summary>
    /// Events that this consumer will never see: lost by the datapath, by the queue in front of the ring, or by its own queue
    /// (<see cref="LostEventSource.HubbleRingBuffer"/>).
    /// </summary>
    ValueTask OnLostAsync(LostEventSource source, ulong count, CancellationToken cancellation);
}

/// <summary>Where consumers subscribe.</summary>
public interface IFlowSource
{
    /// <summary>Flows from now on go to the consumer, until the subscription is disposed (which waits for a running call).</summary>
    /// <param name="consumer">Who gets them.</param>
    /// <param name="queueCapacity">Flows that may wait; rounded up to a power of two, at least 64.</param>
    IFlowSubscription Subscribe(IFlowConsumer consumer, int queueCapacity = 16384);
}

/// <summary>One consumer's place.</summary>
public interface IFlowSubscription : IAsyncDisposable
{
    /// <summary>Flows handed over so far.</summary>
    ulong Delivered { get; }

    /// <summary>Flows that did not fit in the queue so far.</summary>
    ulong Lost { get; }
}
