using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using Waggle.Agent.Datapath;
using Waggle.Agent.Multicast;
using Waggle.Datapath.Abi;
using Waggle.Datapath.Maps;
using Waggle.Linux;
using Waggle.Netlink;
using Waggle.State.Reconciling;
using Waggle.State.Tables;

namespace Waggle.Agent.Endpoints;

/// <summary>Table <c>endpoints</c> → maps, programs on the pods' devices, and the node's routes to pods.</summary>
/// <remarks>
/// The order matters: (1) the slot, (2) the row by device, so that the program finds the sender from the first packet, (3) the programs,
/// (4) the rows by address and the routes, from when on others reach the pod. Removal goes the other way.
/// </remarks>
internal sealed class EndpointDatapath(DatapathState datapath, DatapathControl control, SlotWriter slots, NatSweeper nat, Rtnl netlink) : IReconcilerTarget<EndpointRow>
{
    private readonly ConcurrentDictionary<int, TaskCompletionSource> _added = new(), _removed = new();

    /// <summary>Completes when the endpoint's rows are in the kernel; fails when the first attempt does. Ask before the row is written.</summary>
    public Task NextAdded(int id) => Waiter(_added, id);

    /// <summary>Completes when nothing of the endpoint is left in the kernel. Ask before the row is deleted.</summary>
    public Task NextRemoved(int id) => Waiter(_removed, id);

    public async ValueTask UpdateAsync(Snapshot snapshot, EndpointRow row, CancellationToken cancellation)
    {
        try
        {
            await ApplyAsync(row, cancellation).ConfigureAwait(false);
            Done(_added, row.Id, null);
        }
        catch (Exception e) when (e is not OperationCanceledException)
        {
            Done(_added, row.Id, e);
            throw;
        }
    }

    public async ValueTask DeleteAsync(Snapshot snapshot, EndpointRow row, CancellationToken cancellation)
    {
        await RemoveAsync(row, cancellation).ConfigureAwait(false);
        Done(_removed, row.Id, null);
    }

    public ValueTask PruneAsync(Snapshot snapshot, IReadOnlyCollection<EndpointRow> desired, CancellationToken cancellation)
    {
        DatapathMaps maps = datapath.Maps;
        HashSet<Address> addresses = [.. desired.SelectMany(r => r.Addresses).Select(Address.From)];
        foreach ((EndpointKey key, EndpointInfo info) in maps.Endpoints.Entries().ToArray())
        {
            if ((info.Flags & (uint)EndpointFlags.Host) == 0 && !addresses.Contains(key.Address))
            {
                maps.Endpoints.Delete(key);
            }
        }

        HashSet<uint> devices = [.. desired.Select(r => (uint)r.State.HostIfindex)];
        foreach (uint ifindex in maps.EndpointsByIfindex.Keys().ToArray())
        {
            if (!devices.Contains(ifindex))
            {
                maps.EndpointsByIfindex.Delete(ifindex);
            }
        }

        HashSet<int> used = [.. desired.Select(r => r.State.Slot)];
        slots.PruneLocal(used);
        control.Prune();
        return ValueTask.CompletedTask;
    }

    /// <summary>After the endpoint's device is gone.</summary>
    public void Forget(EndpointRow row) => control.ForgetPod(row.State.HostDevice);

    /// <summary>True when the maps hold the endpoint as it should be.</summary>
    public bool IsInKernel(EndpointRow row)
    {
        EndpointInfo wanted = InfoOf(row);
        return datapath.Maps.EndpointsByIfindex.TryLookup(wanted.Ifindex, out EndpointInfo have) && have == wanted
            && row.Addresses.All(a => datapath.Maps.Endpoints.TryLookup(new EndpointKey { Address = Address.From(a) }, out EndpointInfo byAddress) && byAddress == wanted);
    }

    internal static EndpointInfo InfoOf(EndpointRow row) => new()
    {
        Ifindex = (uint)row.State.HostIfindex,
        Identity = row.State.Identity,
        EndpointId = (uint)row.Id,
        Slot = (uint)row.State.Slot,
        PodMac = AbiText.Mac(row.State.PodMac),
        HostMac = AbiText.Mac(row.State.HostMac),
        Ipv4 = Address.From(row.Ipv4),
        Ipv6 = Address.From(row.Ipv6),
    };

    private async Task ApplyAsync(EndpointRow row, CancellationToken cancellation)
    {
        DatapathMaps maps = datapath.Maps;
        EndpointInfo info = InfoOf(row);
        slots.WriteLocal(row); // 1
        maps.EndpointsByIfindex.Update(info.Ifindex, info); // 2
        await control.AttachPodAsync(row.State.HostIfindex, row.State.HostDevice, cancellation).ConfigureAwait(false); // 3
        var requests = new List<Task>(); // the kernel has done them in order before the first answer is read
        foreach (IPAddress address in row.Addresses) // 4
        {
            maps.Endpoints.Update(new EndpointKey { Address = Address.From(address) }, info);
            requests.Add(netlink.Routes.EnsureAsync(RouteTo(row, address), cancellation));
            requests.Add(netlink.Neighbours.EnsureAsync(new Neighbour(row.State.HostIfindex, address) { MacAddress = MacAddress.Parse(row.State.PodMac) }, cancellation));
        }

        await Task.WhenAll(requests).ConfigureAwait(false);
    }

    private async Task RemoveAsync(EndpointRow row, CancellationToken cancellation)
    {
        DatapathMaps maps = datapath.Maps;
        foreach (IPAddress address in row.Addresses)
        {
            await netlink.Routes.DeleteAsync(RouteTo(row, address), cancellation).ConfigureAwait(false);
            var key = new EndpointKey { Address = Address.From(address) };
            if (maps.Endpoints.TryLookup(key, out EndpointInfo info) && info.EndpointId == row.Id)
            {
                maps.Endpoints.Delete(key);
            }

            nat.Forget(address);
        }

        slots.FreeLocal(row.State.Slot);
        control.DetachPod(row.State.HostIfindex); // the programs go with the device
        maps.EndpointsByIfindex.Delete((uint)row.State.HostIfindex);
    }

    private static Route RouteTo(EndpointRow row, IPAddress address) => new(new IPNetwork(address, address.AddressFamily == AddressFamily.InterNetwork ? 32 : 128))
    {
        LinkIndex = row.State.HostIfindex, Protocol = Routing.NodeRoutes.Protocol, Scope = RouteScope.Link,
    };

    private static Task Waiter(ConcurrentDictionary<int, TaskCompletionSource> waiters, int id) =>
        waiters.GetOrAdd(id, _ => new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously)).Task;

    private static void Done(ConcurrentDictionary<int, TaskCompletionSource> waiters, int id, Exception? failure)
    {
        if (waiters.TryRemove(id, out TaskCompletionSource? waiter))
        {
            if (failure is null)
            {
                waiter.TrySetResult();
            }
            else
            {
                waiter.TrySetException(failure);
            }
        }
    }
}
