using Waggle.Hubble.Flows;

namespace Waggle.Hubble.Assembly;

/// <summary>
/// What the node knows now, asked for each flow on the writer's thread: answers must be quick, must not allocate, and are immutable
/// objects that outlive what they describe. For the same thing the same object is best: filters remember answers about it.
/// </summary>
public interface IFlowMetadata
{
    /// <summary>This node.</summary>
    NodeInfo Node { get; }

    /// <summary>UDP port of the overlay; 0: there is none.</summary>
    ushort TunnelPort { get; }

    /// <summary>Who had this address at a moment: a local or remote pod, a node; null: nobody known.</summary>
    /// <param name="address">Of either family.</param>
    /// <param name="moment">As <see cref="FlowInput.Moment"/>.</param>
    EndpointInfo? ByAddress(FlowAddress address, long moment);

    /// <summary>A local endpoint, also one that is just gone; null: not known.</summary>
    EndpointInfo? ByEndpoint(uint id);

    /// <summary>Labels of an identity, where nobody is known at the address.</summary>
    EndpointInfo ByIdentity(uint identity);

    /// <summary>Identity of an address of which the event knows none.</summary>
    uint IdentityOf(FlowAddress address);

    /// <summary>Service with this address; null: none.</summary>
    /// <param name="address">Of either family.</param>
    /// <param name="port">0: not known (ICMP, later fragments); then the address alone decides, if only one service has it.</param>
    /// <param name="protocol">IP protocol of the port.</param>
    ServiceInfo? Service(FlowAddress address, ushort port, byte protocol);

    /// <summary>DNS names under which local endpoints learnt this address; null: none.</summary>
    IReadOnlyList<string>? Names(FlowAddress address);

    /// <summary>A device; null: not known.</summary>
    InterfaceInfo? Interface(uint index);

    /// <summary>The policies behind a rule's number in the datapath; null: none (default, or not known any more).</summary>
    IReadOnlyList<PolicyInfo>? Rule(uint rule);
}
