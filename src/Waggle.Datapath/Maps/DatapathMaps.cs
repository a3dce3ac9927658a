using System.Collections.Concurrent;
using Waggle.Bpf;
using Waggle.Datapath.Abi;
using Waggle.Datapath.Loading;
using Waggle.Linux;

namespace Waggle.Datapath.Maps;

/// <summary>
/// The shared maps with their types; who writes which rows stands in <c>bpf/abi</c>. Opened when first used, and held against the
/// C# layouts then. Works without an agent: the commands read the pinned maps directly. Thread-safe; disposing closes the fds,
/// the pinned maps stay.
/// </summary>
public sealed class DatapathMaps : IDisposable
{
    private readonly ConcurrentDictionary<string, Lazy<BpfMap>> opened = new();
    private readonly Func<string, BpfMap> open;

    internal DatapathMaps(Func<string, BpfMap> open) => this.open = open;

    public BpfMap<EndpointKey, EndpointInfo> Endpoints => Get(MapCatalogue.Endpoints).As<EndpointKey, EndpointInfo>();

    public BpfMap<uint, EndpointInfo> EndpointsByIfindex => Get(MapCatalogue.EndpointsByIfindex).As<uint, EndpointInfo>();

    public BpfMap<IpcacheKey, IpcacheEntry> Ipcache => Get(MapCatalogue.Ipcache).As<IpcacheKey, IpcacheEntry>();

    public BpfMap<IpcachePrefixKey, IpcacheEntry> IpcachePrefixes => Get(MapCatalogue.IpcachePrefixes).As<IpcachePrefixKey, IpcacheEntry>();

    public BpfMap<NodeKey, NodeInfo> Nodes => Get(MapCatalogue.Nodes).As<NodeKey, NodeInfo>();

    /// <summary>Index: reason × 4 + direction.</summary>
    public BpfPerCpuMap<uint, MetricsEntry> Metrics => Get(MapCatalogue.Metrics).AsPerCpu<uint, MetricsEntry>();

    public BpfPerCpuMap<MetricsSite, MetricsEntry> MetricsSites => Get(MapCatalogue.MetricsSites).AsPerCpu<MetricsSite, MetricsEntry>();

    public BpfPerCpuMap<uint, EventCounters> EventCounters => Get(MapCatalogue.EventCounters).AsPerCpu<uint, EventCounters>();

    /// <summary>The ring buffer; it has one consumer.</summary>
    public BpfMap Events => Get(MapCatalogue.Events);

    public BpfMap<McastGroupKey, McastGroup> McastGroups => Get(MapCatalogue.McastGroups).As<McastGroupKey, McastGroup>();

    public BpfMap<uint, McastSlot> McastSlots => Get(MapCatalogue.McastSlots).As<uint, McastSlot>();

    public BpfMap<McastJoinKey, McastJoin> McastJoins => Get(MapCatalogue.McastJoins).As<McastJoinKey, McastJoin>();

    public BpfMap<McastJoinKey, McastSourceList> McastSources => Get(MapCatalogue.McastSources).As<McastJoinKey, McastSourceList>();

    public BpfMap<McastSenderKey, McastSender> McastSenders => Get(MapCatalogue.McastSenders).As<McastSenderKey, McastSender>();

    public BpfMap<McastGroupKey, McastUnconfigured> McastUnconfigured => Get(MapCatalogue.McastUnconfigured).As<McastGroupKey, McastUnconfigured>();

    public BpfMap<uint, McastLimit> McastLimits => Get(MapCatalogue.McastLimits).As<uint, McastLimit>();

    public BpfMap<McastGroupKey, McastFanOut> McastFanOuts => Get(MapCatalogue.McastFanOuts).As<McastGroupKey, McastFanOut>();

    public BpfMap<NatKey, NatEntry> Snat => Get(MapCatalogue.Snat).As<NatKey, NatEntry>();

    public BpfMap<FragmentKey, FragmentEntry> Fragments => Get(MapCatalogue.Fragments).As<FragmentKey, FragmentEntry>();

    /// <summary>Subject number (1 and up) → its policy of both directions; rows are replaced, never edited.</summary>
    public BpfMap<uint, PolicySubject> PolicySubjects => Get(MapCatalogue.PolicySubjects).As<uint, PolicySubject>();

    public BpfMap<PolicyPeerKey, PolicyPeer> PolicyPeers => Get(MapCatalogue.PolicyPeers).As<PolicyPeerKey, PolicyPeer>();

    public BpfMap<PolicyRuleKey, PolicyRule> PolicyRules => Get(MapCatalogue.PolicyRules).As<PolicyRuleKey, PolicyRule>();

    /// <summary>One row, index 0.</summary>
    public BpfMap<uint, PolicyState> PolicyState => Get(MapCatalogue.PolicyState).As<uint, PolicyState>();

    /// <summary>Index: rule.</summary>
    public BpfPerCpuMap<uint, PolicyCounter> PolicyCounters => Get(MapCatalogue.PolicyCounters).AsPerCpu<uint, PolicyCounter>();

    public BpfMap<ConntrackKey, ConntrackEntry> Conntrack => Get(MapCatalogue.Conntrack).As<ConntrackKey, ConntrackEntry>();

    /// <summary>One row, index 0.</summary>
    public BpfPerCpuMap<uint, ConntrackCounters> ConntrackCounters => Get(MapCatalogue.ConntrackCounters).AsPerCpu<uint, ConntrackCounters>();

    /// <summary>
    /// Must be called after any change of <see cref="Endpoints"/>, <see cref="EndpointsByIfindex"/>, <see cref="Ipcache"/>,
    /// <see cref="IpcachePrefixes"/>, <see cref="Nodes"/> or the policy's revision: until then the programs may send packets of open
    /// connections where they sent the ones before.
    /// </summary>
    /// <exception cref="BpfException">The map cannot be written.</exception>
    public void ForwardingChanged() => Get(MapCatalogue.ForwardingState).As<uint, ForwardingState>()
        .Update(0, new ForwardingState { Generation = (uint)Random.Shared.Next(1, int.MaxValue) }); // not counted up: several may write

    /// <summary>
    /// Whether trace events are made, at the points and as merged as the programs were loaded with; takes effect with the next packet.
    /// Drops, verdicts and memberships are told in any case.
    /// </summary>
    /// <exception cref="BpfException">The map cannot be written.</exception>
    public void PauseTraces(bool paused) => Get(MapCatalogue.TraceState).As<uint, TraceState>().Update(0, new TraceState { Paused = paused ? 1u : 0 });

    /// <summary>How many lost and limited events of <see cref="EventCounters"/> were told to readers, by this agent or those before it.</summary>
    /// <exception cref="BpfException">The map cannot be read.</exception>
    public ulong LossesTold() =>
        Get(MapCatalogue.EventAccount).As<uint, EventAccount>().TryLookup(0, out var account) && account.Counters == Get(MapCatalogue.EventCounters).Info.Id ? account.Told : 0;

    /// <summary>Writes down that so many were told, for the next agent.</summary>
    /// <exception cref="BpfException">The map cannot be written.</exception>
    public void LossesTold(ulong told) =>
        Get(MapCatalogue.EventAccount).As<uint, EventAccount>().Update(0, new EventAccount { Told = told, Counters = Get(MapCatalogue.EventCounters).Info.Id });

    /// <summary>The pinned maps of a node.</summary>
    /// <param name="paths">Where its bpffs is.</param>
    /// <param name="readOnly">For commands that only look.</param>
    public static DatapathMaps OpenPinned(DatapathPaths paths, bool readOnly = false) => new(name =>
    {
        try
        {
            return BpfMap.OpenPinned(paths.Map(name), readOnly);
        }
        catch (BpfException e) when (e.Errno == Errno.ENOENT)
        {
            throw new BpfException("open map", paths.Map(name), e.Errno, "no agent has loaded the datapath on this node yet");
        }
    });

    /// <summary>A map as bytes, for dumps.</summary>
    /// <exception cref="BpfLayoutException">The pinned map was made by a version with another layout.</exception>
    public BpfMap Get(MapDefinition definition) => opened.GetOrAdd(definition.Name, name => new Lazy<BpfMap>(() =>
    {
        var map = open(name);
        AbiCheck.RequireMap(definition, map);
        return map;
    })).Value;

    public void Dispose()
    {
        foreach (var map in opened.Values)
        {
            if (map.IsValueCreated)
            {
                map.Value.Dispose();
            }
        }
    }
}
