using System.Net;
using System.Numerics;
using Waggle.Bpf;
using Waggle.Cli;
using Waggle.Datapath.Abi;

namespace Waggle.Commands.Bpf.Multicast;

/// <summary>Reads the datapath's multicast tables.</summary>
internal sealed class MulticastMaps(HostEnvironment environment) : IDisposable
{
    private const string Off = "multicast is not enabled on this node";
    private const string SwitchOn = "Switch it on: cilium config set multicast-enabled true";

    private readonly NodeMaps _maps = new(environment);
    private readonly List<IDisposable> _open = [];

    /// <summary>The configured groups, sorted.</summary>
    public IReadOnlyList<IPAddress> Groups() =>
        [.. Map<McastGroupKey, McastGroup>("mcast_groups").Keys().Select(key => key.Group.ToIPAddress()!).Order(AddressOrder.Instance)];

    /// <summary>Every configured group with its members, or one of them.</summary>
    public IReadOnlyList<GroupMembers> Members(IPAddress? only = null)
    {
        var slots = Map<uint, McastSlot>("mcast_slots");
        var rows = new List<GroupMembers>();
        foreach (var (key, value) in Map<McastGroupKey, McastGroup>("mcast_groups").Entries())
        {
            var group = key.Group.ToIPAddress()!;
            if (only is null || group.Equals(only))
            {
                rows.Add(new GroupMembers(group, [.. Slots(value).Select(slot => Describe(slots, slot, group)).OfType<Subscriber>().DistinctBy(member => (member.Address, member.Remote)).OrderBy(member => member.Address, AddressOrder.Instance)]));
            }
        }

        return [.. rows.OrderBy(row => row.Group, AddressOrder.Instance)];
    }

    public IReadOnlyList<UnconfiguredGroup> Unconfigured() =>
    [
        .. Map<McastGroupKey, McastUnconfigured>("mcast_unconfigured").Entries()
            .Select(row => new UnconfiguredGroup(row.Key.Group.ToIPAddress()!, row.Value.Packets, row.Value.Bytes, row.Value.Reports, row.Value.EndpointId))
            .OrderBy(row => row.Group, AddressOrder.Instance),
    ];

    /// <summary>False when it is there already. A row must never be overwritten: it carries the members.</summary>
    public bool AddGroup(IPAddress group) => Map<McastGroupKey, McastGroup>("mcast_groups").TryAdd(Key(group), default);

    /// <summary>False when it is not there.</summary>
    public bool DeleteGroup(IPAddress group) => Map<McastGroupKey, McastGroup>("mcast_groups").Delete(Key(group));

    public bool HasGroup(IPAddress group) => Map<McastGroupKey, McastGroup>("mcast_groups").TryLookup(Key(group), out _);

    /// <summary>The slot of the node or local pod with this address; null when it is neither.</summary>
    public uint? SlotOf(IPAddress address)
    {
        var wanted = Address.From(address);
        if (Map<NodeKey, NodeInfo>("nodes").TryLookup(new NodeKey { Address = wanted }, out var node))
        {
            return node.Slot;
        }

        if (Map<EndpointKey, EndpointInfo>("endpoints").TryLookup(new EndpointKey { Address = wanted }, out var endpoint))
        {
            return (endpoint.Flags & (uint)EndpointFlags.Host) == 0 ? endpoint.Slot : null;
        }

        // Any other address of a node, or of a pod there, leads to the node's underlay address.
        return Map<IpcacheKey, IpcacheEntry>("ipcache").TryLookup(new IpcacheKey { Address = wanted }, out var entry) && !entry.TunnelEndpoint.IsNone
            && Map<NodeKey, NodeInfo>("nodes").TryLookup(new NodeKey { Address = entry.TunnelEndpoint }, out node)
            ? node.Slot
            : null;
    }

    public void Dispose() => _open.ForEach(map => map.Dispose());

    internal static IEnumerable<uint> Slots(McastGroup group)
    {
        for (var word = 0; word < AbiConstants.McastWords; word++)
        {
            for (var bits = group.Words[word]; bits != 0; bits &= bits - 1)
            {
                yield return (uint)((word * 64) + BitOperations.TrailingZeroCount(bits));
            }
        }
    }

    private static Subscriber? Describe(BpfMap<uint, McastSlot> slots, uint slot, IPAddress group)
    {
        if (!slots.TryLookup(slot, out var row))
        {
            return null;
        }

        var remote = row.Kind == (uint)SlotKind.Remote;
        var own = group.AddressFamily == System.Net.Sockets.AddressFamily.InterNetworkV6 && !row.Ipv6.IsNone ? row.Ipv6 : row.Ipv4.IsNone ? row.Ipv6 : row.Ipv4;
        return (remote ? row.Tunnel : own).ToIPAddress() is { } address ? new Subscriber(address, row.Ifindex, remote) : null;
    }

    private static McastGroupKey Key(IPAddress group) => new() { Group = Address.From(group) };

    private BpfMap<TKey, TValue> Map<TKey, TValue>(string name)
        where TKey : unmanaged
        where TValue : unmanaged
    {
        var map = _open.OfType<BpfMap<TKey, TValue>>().FirstOrDefault(open => open.Map.Name.EndsWith("/" + name, StringComparison.Ordinal));
        if (map is null)
        {
            map = _maps.Open(name, Off, SwitchOn).As<TKey, TValue>();
            _open.Add(map);
        }

        return map;
    }
}
