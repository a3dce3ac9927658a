using Waggle.Hubble.Assembly;
using Waggle.Hubble.Consumers;
using Waggle.Hubble.Export;
using Waggle.Hubble.Flows;
using Waggle.Hubble.Protocol.Flows;
using Waggle.Hubble.Ring;

namespace Waggle.Hubble.Observing;

/// <summary>The way of an event: assembly straight into the ring's next slot, then a copy for each consumer. Writers take turns.</summary>
/// <param name="ring">The node's flows.</param>
/// <param name="consumers">Who else gets them.</param>
/// <param name="metadata">Who is who.</param>
/// <param name="redactor">Takes secrets out of records of layer 7 before they are anywhere; null: they stay.</param>
public sealed class FlowPipeline(FlowRing ring, FlowConsumers consumers, IFlowMetadata metadata, Redactor? redactor = null)
{
    private readonly Lock _writing = new();
    private readonly FlowAssembler _assembler = new(metadata);

    /// <summary>Namespaces of which something was seen.</summary>
    public NamespaceTracker Namespaces { get; } = new();

    /// <summary>An event with a packet.</summary>
    public void OnPacket(in FlowInput input, ReadOnlySpan<byte> packet)
    {
        lock (_writing)
        {
            ref var slot = ref ring.Begin();
            _assembler.Assemble(input, packet, ref slot);
            Finish(ref slot);
        }
    }

    /// <summary>A membership that changed.</summary>
    public void OnMembership(in FlowInput input, FlowAddress group, Membership.Types.Change change, byte protocol, byte filterMode)
    {
        lock (_writing)
        {
            ref var slot = ref ring.Begin();
            _assembler.AssembleMembership(input, group, change, protocol, filterMode, ref slot);
            Finish(ref slot);
        }
    }

    /// <summary>
    /// A flow that somebody else made whole (an L7 record); endpoints and node must be set. Every record of layer 7 comes this way, and
    /// is redacted here, whoever made it; the maker's own copy is left as it is. The trace is looked up before that.
    /// </summary>
    public void OnFlow(in FlowRecord flow)
    {
        var trace = flow.TraceId ?? (flow.L7?.Http is { } http ? TraceHeaders.Find(http)?.Trace : null);
        var record = flow.L7 is { } original ? redactor?.Redacted(original) ?? original : null;
        lock (_writing)
        {
            ref var slot = ref ring.Begin();
            slot = flow;
            (slot.L7, slot.TraceId) = (record, trace);
            Finish(ref slot);
        }
    }

    /// <summary>Events that nobody saw.</summary>
    public void OnLost(LostEventSource source, ulong count, long timeNs)
    {
        lock (_writing)
        {
            ring.AppendLost(source, count, timeNs, metadata.Node);
            consumers.OfferLost(source, count);
        }
    }

    private void Finish(ref FlowRecord slot)
    {
        ring.Publish();
        Namespaces.Saw(slot.SourceEndpoint, slot.TimeNs);
        Namespaces.Saw(slot.DestinationEndpoint, slot.TimeNs);
        consumers.Offer(slot);
    }
}
