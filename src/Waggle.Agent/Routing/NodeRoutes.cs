using System.Net;
using System.Net.Sockets;
using Waggle.Agent.Nodes;
using Waggle.Netlink;
using Waggle.State.Reconciling;
using Waggle.State.Tables;

namespace Waggle.Agent.Routing;

/// <summary>Table <c>nodes</c> → the node's routes to pod prefixes.</summary>
/// <remarks>
/// Tunnel: other nodes' prefixes go to cilium_host, whose program encapsulates. Native with auto-direct-node-routes: by way of the
/// node. The own prefix is unreachable but for the pods that exist, so that packets for others do not wander to the default gateway.
/// </remarks>
internal sealed class NodeRoutes(Rtnl netlink, NodeDevices devices) : IReconcilerTarget<NodeRow>
{
    /// <summary>Marks our routes among others (rtnetlink protocol number, free for anybody).</summary>
    public static readonly RouteProtocol Protocol = (RouteProtocol)0x57;

    public async ValueTask UpdateAsync(Snapshot snapshot, NodeRow row, CancellationToken cancellation)
    {
        // Routes to prefixes that the node had and has no more go with the next prune.
        foreach (Route route in RoutesOf(row))
        {
            await netlink.Routes.EnsureAsync(route, cancellation).ConfigureAwait(false);
        }
    }

    public async ValueTask DeleteAsync(Snapshot snapshot, NodeRow row, CancellationToken cancellation)
    {
        foreach (Route route in RoutesOf(row))
        {
            await netlink.Routes.DeleteAsync(route, cancellation).ConfigureAwait(false);
        }
    }

    public async ValueTask PruneAsync(Snapshot snapshot, IReadOnlyCollection<NodeRow> desired, CancellationToken cancellation)
    {
        HashSet<IPNetwork> wanted = [.. desired.SelectMany(RoutesOf).Select(r => r.Destination)];
        foreach (Route route in await netlink.Routes.ListAsync(table: RouteTable.Main, cancellation: cancellation).ConfigureAwait(false))
        {
            bool single = route.Destination.PrefixLength == (route.Destination.BaseAddress.AddressFamily == AddressFamily.InterNetwork ? 32 : 128);
            if (route.Protocol == Protocol && !single && !wanted.Contains(route.Destination))
            {
                await netlink.Routes.DeleteAsync(route, cancellation).ConfigureAwait(false);
            }
        }
    }

    internal IEnumerable<Route> RoutesOf(NodeRow row)
    {
        foreach (IPNetwork prefix in row.PodPrefixes)
        {
            bool v4 = prefix.BaseAddress.AddressFamily == AddressFamily.InterNetwork;
            if (row.IsLocal)
            {
                yield return new Route(prefix) { Type = RouteType.Unreachable, Protocol = Protocol, Priority = 0x10000 };
            }
            else if (devices.Tunnel)
            {
                yield return new Route(prefix) { LinkIndex = devices.HostIndex, Source = v4 ? devices.Router4 : devices.Router6, Mtu = (uint)devices.RouteMtu, Protocol = Protocol, Scope = v4 ? RouteScope.Link : null };
            }
            else if (devices.DirectRoutes && (v4 ? row.Ipv4 : row.Ipv6) is { } gateway)
            {
                yield return new Route(prefix) { Gateway = gateway, LinkIndex = devices.UplinkIndex, Protocol = Protocol };
            }
        }
    }
}
