using System.Net;
using System.Net.Sockets;
using System.Numerics;
using Waggle.Agent.Config;
using Waggle.Agent.Datapath;
using Waggle.Agent.Routing;
using Waggle.Datapath.Abi;
using Waggle.Datapath.Maps;
using Waggle.Netlink;
using Waggle.State.Reconciling;
using Waggle.State.Tables;

namespace Waggle.Agent.Multicast;

/// <summary>Table <c>multicast-groups</c> → map <c>mcast_groups</c>, and a route per group, so that senders on the node reach members.</summary>
/// <remarks>Groups made by hand (<c>cilium bpf multicast group add</c>) are in the map, too: only those with our mark are ours to remove.</remarks>
internal sealed class GroupTarget(DatapathState datapath, MembershipControl memberships, ConfigState config, NodeDevices devices, Rtnl netlink, Querier querier) : IReconcilerTarget<GroupRow>
{
    private HashSet<Address>? _ours;

    public async ValueTask UpdateAsync(Snapshot snapshot, GroupRow row, CancellationToken cancellation)
    {
        DatapathMaps maps = datapath.Maps;
        var key = new McastGroupKey { Group = Address.From(row.Group) };
        if (!maps.McastGroups.TryLookup(key, out _))
        {
            int limit = config.Current.Number("multicast-max-groups");
            if (Ours().Count >= limit)
            {
                throw new InvalidOperationException($"group {row.Group} is not served: the limit of {limit} groups is reached; raise multicast-max-groups in ConfigMap cilium-config");
            }

            maps.McastGroups.TryAdd(key, new McastGroup { Flags = (uint)GroupFlags.Managed });
            Ours().Add(key.Group);
            querier.AskAbout(row.Group); // pods may have joined before anybody configured the group
        }

        await netlink.Routes.EnsureAsync(RouteTo(row.Group), cancellation).ConfigureAwait(false);
    }

    public async ValueTask DeleteAsync(Snapshot snapshot, GroupRow row, CancellationToken cancellation)
    {
        await netlink.Routes.DeleteAsync(RouteTo(row.Group), cancellation).ConfigureAwait(false);
        Remove(Address.From(row.Group));
    }

    public async ValueTask PruneAsync(Snapshot snapshot, IReadOnlyCollection<GroupRow> desired, CancellationToken cancellation)
    {
        HashSet<Address> wanted = [.. desired.Select(r => Address.From(r.Group))];
        foreach (Address group in Ours().Where(g => !wanted.Contains(g)).ToArray())
        {
            if (group.ToIPAddress() is { } address)
            {
                await netlink.Routes.DeleteAsync(RouteTo(address), cancellation).ConfigureAwait(false);
            }

            Remove(group);
        }

        // Members that joined in the moment in which their group went.
        HashSet<Address> groups = [.. datapath.Maps.McastGroups.Keys().Select(k => k.Group)];
        foreach (McastJoinKey join in datapath.Maps.McastJoins.Keys().Where(j => !groups.Contains(j.Group)).ToArray())
        {
            memberships.Leave(join.Group, join.Slot);
        }
    }

    /// <summary>Groups with our mark; read from the map once, rows are large.</summary>
    private HashSet<Address> Ours() => _ours ??= [.. datapath.Maps.McastGroups.Entries().Where(e => (e.Value.Flags & (uint)GroupFlags.Managed) != 0).Select(e => e.Key.Group)];

    /// <summary>First the group, so that nobody joins any more, then what its members left.</summary>
    private void Remove(Address group)
    {
        DatapathMaps maps = datapath.Maps;
        var key = new McastGroupKey { Group = group };
        Ours().Remove(group);
        if (maps.McastGroups.TryLookup(key, out McastGroup value) && (value.Flags & (uint)GroupFlags.Managed) != 0)
        {
            maps.McastGroups.Delete(key);
            for (int word = 0; word < AbiConstants.McastWords; word++)
            {
                for (ulong bits = value.Words[word]; bits != 0; bits &= bits - 1)
                {
                    memberships.Leave(group, (uint)(word * 64 + BitOperations.TrailingZeroCount(bits)));
                }
            }
        }
    }

    private Route RouteTo(IPAddress group)
    {
        bool v4 = group.AddressFamily == AddressFamily.InterNetwork;
        var route = new Route(new IPNetwork(group, v4 ? 32 : 128)) { LinkIndex = devices.HostIndex, Protocol = NodeRoutes.Protocol, Mtu = (uint)devices.RouteMtu };

        // IPv6 finds ff00::/8 of any device in the local table first: only a longer prefix there wins.
        return v4 ? route with { Source = devices.Router4, Scope = RouteScope.Link } : route with { Table = RouteTable.Local, Type = RouteType.Multicast };
    }
}
