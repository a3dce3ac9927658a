using System.Net;
using Waggle.Agent.Nodes;
using Waggle.Linux;
using Waggle.Netlink;
using Waggle.State.Reconciling;
using Waggle.State.Tables;

namespace Waggle.Agent.Routing;

/// <summary>Table <c>nodes</c> → the kernel keeps the Ethernet addresses of nodes on the same link known.</summary>
/// <remarks>
/// Only with native routing: there the programs send multicast copies straight to other nodes, and a program cannot wait for an
/// address to be resolved.
/// </remarks>
internal sealed class NodeNeighbours(Rtnl netlink, NodeDevices devices) : IReconcilerTarget<NodeRow>
{
    public async ValueTask UpdateAsync(Snapshot snapshot, NodeRow row, CancellationToken cancellation)
    {
        foreach (IPAddress address in devices.Tunnel || row.IsLocal ? [] : new[] { row.Ipv4, row.Ipv6 }.OfType<IPAddress>())
        {
            if (await netlink.Routes.ResolveAsync(address, cancellation: cancellation).ConfigureAwait(false) is not { Gateway: null, LinkIndex: { } link } || link != devices.UplinkIndex)
            {
                continue; // behind a router, or not reachable now
            }

            try
            {
                await netlink.Neighbours.EnsureAsync(new Neighbour(link, address) { State = NeighbourState.None, Managed = true }, cancellation).ConfigureAwait(false);
            }
            catch (NetlinkException e) when (e.Errno is Errno.EINVAL or Errno.EOPNOTSUPP)
            {
                // Before Linux 5.16: ask once; traffic keeps it fresh.
                await netlink.Neighbours.EnsureAsync(new Neighbour(link, address) { State = NeighbourState.None, Flags = NeighbourFlags.Use }, cancellation).ConfigureAwait(false);
            }
        }
    }

    public async ValueTask DeleteAsync(Snapshot snapshot, NodeRow row, CancellationToken cancellation)
    {
        foreach (IPAddress address in devices.Tunnel || row.IsLocal ? [] : new[] { row.Ipv4, row.Ipv6 }.OfType<IPAddress>())
        {
            await netlink.Neighbours.DeleteAsync(new Neighbour(devices.UplinkIndex, address), cancellation).ConfigureAwait(false);
        }
    }

    /// <summary>Entries that an earlier agent left are harmless: the kernel gives up on neighbours that do not answer.</summary>
    public ValueTask PruneAsync(Snapshot snapshot, IReadOnlyCollection<NodeRow> desired, CancellationToken cancellation) => ValueTask.CompletedTask;
}
