using System.Collections.Immutable;
using Waggle.Datapath.Abi;

namespace Waggle.Datapath.Maps;

/// <summary>
/// The shared maps, those that <c>bpf/lib/maps_*.h</c> declares with LIBBPF_PIN_BY_NAME, with the types that user space reads and
/// writes them by. The loader refuses an object whose key or value struct differs from what stands here.
/// </summary>
/// <remarks>
/// Maps outlive the program that made them. Whoever changes the layout of a key or value raises the map's version here (and may say
/// how its rows are converted): the new version gets a pin of its own, and the loader converts or drops the old one and says so.
/// <c>bpf/abi/abi.golden</c> holds all layouts with these versions; its test says what to do when they differ.
/// </remarks>
public static class MapCatalogue
{
    public static MapDefinition Endpoints { get; } = MapDefinition.Of<EndpointKey, EndpointInfo>("endpoints");

    public static MapDefinition EndpointsByIfindex { get; } = MapDefinition.Indexed<EndpointInfo>("endpoints_by_ifindex");

    public static MapDefinition Ipcache { get; } = MapDefinition.Of<IpcacheKey, IpcacheEntry>("ipcache");

    public static MapDefinition IpcachePrefixes { get; } = MapDefinition.Of<IpcachePrefixKey, IpcacheEntry>("ipcache_prefixes");

    public static MapDefinition Nodes { get; } = MapDefinition.Of<NodeKey, NodeInfo>("nodes");

    public static MapDefinition Metrics { get; } = MapDefinition.Indexed<MetricsEntry>("metrics");

    public static MapDefinition MetricsSites { get; } = MapDefinition.Of<MetricsSite, MetricsEntry>("metrics_sites");

    public static MapDefinition EventCounters { get; } = MapDefinition.Indexed<EventCounters>("event_counters");

    public static MapDefinition Events { get; } = new("events", "", "");

    public static MapDefinition TraceState { get; } = MapDefinition.Indexed<TraceState>("trace_state");

    public static MapDefinition EventAccount { get; } = MapDefinition.Indexed<EventAccount>("event_account");

    public static MapDefinition McastGroups { get; } = MapDefinition.Of<McastGroupKey, McastGroup>("mcast_groups");

    public static MapDefinition McastSlots { get; } = MapDefinition.Indexed<McastSlot>("mcast_slots");

    public static MapDefinition McastJoins { get; } = MapDefinition.Of<McastJoinKey, McastJoin>("mcast_joins");

    public static MapDefinition McastSources { get; } = MapDefinition.Of<McastJoinKey, McastSourceList>("mcast_sources");

    public static MapDefinition McastSenders { get; } = MapDefinition.Of<McastSenderKey, McastSender>("mcast_senders");

    public static MapDefinition McastUnconfigured { get; } = MapDefinition.Of<McastGroupKey, McastUnconfigured>("mcast_unconfigured");

    public static MapDefinition McastLimits { get; } = MapDefinition.Indexed<McastLimit>("mcast_limits");

    public static MapDefinition McastFanOuts { get; } = MapDefinition.Of<McastGroupKey, McastFanOut>("mcast_fan_outs");

    public static MapDefinition Snat { get; } = MapDefinition.Of<NatKey, NatEntry>("snat");

    public static MapDefinition Fragments { get; } = MapDefinition.Of<FragmentKey, FragmentEntry>("fragments");

    public static MapDefinition PolicySubjects { get; } = MapDefinition.Indexed<PolicySubject>("policy_subjects");

    public static MapDefinition PolicyPeers { get; } = MapDefinition.Of<PolicyPeerKey, PolicyPeer>("policy_peers");

    public static MapDefinition PolicyRules { get; } = MapDefinition.Of<PolicyRuleKey, PolicyRule>("policy_rules");

    public static MapDefinition PolicyState { get; } = MapDefinition.Indexed<PolicyState>("policy_state");

    public static MapDefinition PolicyCounters { get; } = MapDefinition.Indexed<PolicyCounter>("policy_counters");

    public static MapDefinition Conntrack { get; } = MapDefinition.Of<ConntrackKey, ConntrackEntry>("conntrack", version: 2) with
    {
        FromBefore = ConntrackUpgrade.FromFirst,
    };

    public static MapDefinition ConntrackCounters { get; } = MapDefinition.Indexed<ConntrackCounters>("conntrack_counters");

    public static MapDefinition ForwardingState { get; } = MapDefinition.Indexed<ForwardingState>("forwarding_state");

    /// <summary>Every map above.</summary>
    public static ImmutableArray<MapDefinition> All { get; } =
    [
        Endpoints, EndpointsByIfindex, Ipcache, IpcachePrefixes, Nodes,
        Metrics, MetricsSites, EventCounters, Events, TraceState, EventAccount,
        McastGroups, McastSlots, McastJoins, McastSources, McastSenders, McastUnconfigured, McastLimits, McastFanOuts,
        Snat, Fragments,
        PolicySubjects, PolicyPeers, PolicyRules, PolicyState, PolicyCounters,
        Conntrack, ConntrackCounters, ForwardingState,
    ];

    /// <summary>The definition of a map, or null for a private one.</summary>
    public static MapDefinition? Find(string name) => All.FirstOrDefault(m => m.Name == name);
}
