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

    /// <summary>Who has this address: a local or remote pod, a node; null: nobody known.</summary>
    EndpointInfo? ByAddress(FlowAddress address);

    /// <summary>A local endpoint, also one that is just gone; null: not known.</summary>
    EndpointInfo? ByEndpoint(uint id);

    /// <summary>Labels of an identity, where nobody is known at the address.</summary>
    EndpointInfo ByIdentity(uint identity);

    /// <summary>Identity of an address of which the event knows none.</summary>
    uint IdentityOf(FlowAddress address);

    /// <summary>Service with this address; null: none.</summary>
    ServiceInfo? Service(FlowAddress address, ushort port, byte protocol);

    /// <summary>DNS names under which local endpoints learnt this address; null: none.</summary>
    IReadOnlyList<string>? Names(FlowAddress address);

    /// <summary>A device; null: not known.</summary>
    InterfaceInfo? Interface(uint index);

    /// <summary>The policies behind a rule's number in the datapath; null: none (default, or not known any more).</summary>
    IReadOnlyList<PolicyInfo>? Rule(uint rule);
}
