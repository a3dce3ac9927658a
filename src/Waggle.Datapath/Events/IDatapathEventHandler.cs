using Waggle.Datapath.Abi;

namespace Waggle.Datapath.Events;

/// <summary>
/// Takes decoded events on the consuming thread. References and spans lie in the ring buffer and are valid only during the call:
/// copy what is kept, and be quick, everything else waits.
/// </summary>
public interface IDatapathEventHandler
{
    /// <summary>A packet was dropped.</summary>
    /// <param name="drop">Reason, place of the decision, endpoint.</param>
    /// <param name="packet">The start of the packet, from the Ethernet header on.</param>
    void OnDrop(in DropEvent drop, ReadOnlySpan<byte> packet);

    /// <summary>A packet passed a trace point.</summary>
    void OnTrace(in TraceEvent trace, ReadOnlySpan<byte> packet);

    /// <summary>Policy decided about a connection, or about a packet that belongs to none.</summary>
    void OnVerdict(in VerdictEvent verdict, ReadOnlySpan<byte> packet);

    /// <summary>A local endpoint joined, left or changed a multicast group.</summary>
    void OnMembership(in MembershipEvent membership);

    /// <summary>What a step of the programs did; only with <see cref="DatapathConfig.Debug"/>.</summary>
    void OnDebug(in DebugEvent debug)
    {
    }
}
