using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using Waggle.Agent.Datapath;
using Waggle.Linux;
using Waggle.Netlink;
using Waggle.State.Reconciling;
using Waggle.State.Tables;

namespace Waggle.Agent.Endpoints;

/// <summary>Table <c>endpoints</c> → maps, programs on the pods' devices, and the node's routes to pods.</summary>
/// <remarks>
/// The order matters: (1) the row by device, so that the program finds the sender from the first packet, (2) the programs, (3) the rows
/// by address and the routes, from when on others reach the pod. Removal goes the other way: (3), the device with its programs, (1), so that
/// what the pod still says, such as that it leaves its groups, has a known sender to the last packet.
/// </remarks>
internal sealed class EndpointDatapath(EndpointMaps maps, DatapathControl control, NatSweeper nat, Rtnl netlink) : IReconcilerTarget<EndpointRow>
{
    private readonly ConcurrentDictionary<int, TaskCompletionSource> _added = new(), _removed = new();

    /// <summary>Completes when the endpoint's rows are in the kernel; fails when the first attempt does. Ask before the row is written.</summary>
    public Task NextAdded(int id) => Waiter(_added, id);

    /// <summary>Completes when nobody reaches the endpoint any more. Ask before the row is deleted; then delete its device, and <see cref="Forget"/> it.</summary>
    public Task NextRemoved(int id) => Waiter(_removed, id);

    /// <summary>After the endpoint's device is gone: nothing of it is left in the kernel.</summary>
    public void Forget(EndpointRow row)
    {
        control.ForgetPod(row.State.HostDevice);
        maps.RemoveSender(row); // 1
    }

    /// <summary>True when the maps hold the endpoint as it should be.</summary>
    public bool IsInKernel(EndpointRow row) => maps.Hold(row);

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
        foreach (IPAddress address in row.Addresses)
        {
            await netlink.Routes.DeleteAsync(RouteTo(row, address), cancellation).ConfigureAwait(false);
            nat.Forget(address);
        }

        maps.RemoveAddresses(row); // 3
        control.DetachPod(row.State.HostIfindex); // 2: the programs go with the device
        Done(_removed, row.Id, null);
    }

    public ValueTask PruneAsync(Snapshot snapshot, IReadOnlyCollection<EndpointRow> desired, CancellationToken cancellation)
    {
        maps.Prune(desired);
        control.Prune();
        return ValueTask.CompletedTask;
    }

    private async Task ApplyAsync(EndpointRow row, CancellationToken cancellation)
    {
        maps.WriteSender(row); // 1
        await control.AttachPodAsync(row.State.HostIfindex, row.State.HostDevice, cancellation).ConfigureAwait(false); // 2
        maps.WriteAddresses(row); // 3
        var requests = new List<Task>(); // the kernel has done them in order before the first answer is read
        foreach (IPAddress address in row.Addresses)
        {
            requests.Add(netlink.Routes.EnsureAsync(RouteTo(row, address), cancellation));
            requests.Add(netlink.Neighbours.EnsureAsync(new Neighbour(row.State.HostIfindex, address) { MacAddress = MacAddress.Parse(row.State.PodMac) }, cancellation));
        }

        await Task.WhenAll(requests).ConfigureAwait(false);
    }

    private static Route RouteTo(EndpointRow row, IPAddress address) => new(new IPNetwork(address, address.AddressFamily == AddressFamily.InterNetwork ? 32 : 128))
    {
        LinkIndex = row.State.HostIfindex, Protocol = Routing.NodeRoutes.Protocol, Scope = address.AddressFamily == AddressFamily.InterNetwork ? RouteScope.Link : null,
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
