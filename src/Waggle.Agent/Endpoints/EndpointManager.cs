using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using Microsoft.Extensions.Logging;
using Waggle.Agent.Cni;
using Waggle.Agent.Config;
using Waggle.Agent.Identities;
using Waggle.Agent.Ipam;
using Waggle.Agent.Kubernetes;
using Waggle.Agent.Policy;
using Waggle.Agent.Routing;
using Waggle.Agent.Slots;
using Waggle.Linux;

namespace Waggle.Agent.Endpoints;

/// <summary>Adds and removes endpoints. Calls for one attachment run one after the other, others at the same time.</summary>
internal sealed partial class EndpointManager(
    EndpointTable table, EndpointStore store, EndpointDatapath datapath, PodNetwork network, PodAddresses addresses, PodIdentities identities, NodeDevices devices,
    SlotAllocator slots, PolicySubjects policy, ConfigState config, PodEvents events, TimeProvider time, ILogger<EndpointManager> logger)
{
    private readonly SemaphoreSlim[] _locks = [.. Enumerable.Range(0, 64).Select(_ => new SemaphoreSlim(1, 1))];
    private readonly SlotAllocator _ids = new(65535);

    /// <summary>CNI ADD: returns when packets to and from the pod flow, as its policy says.</summary>
    /// <exception cref="CniException">With what to look at.</exception>
    public async Task<CniResult> AddAsync(CniRequest request, NetworkNamespace pod, CancellationToken cancellation)
    {
        string attachment = $"{request.ContainerId}:{request.IfName}";
        using IDisposable held = await LockAsync(attachment, cancellation).ConfigureAwait(false);
        CniArgs args = CniArgs.Parse(request.Args);
        if (table.View.FindBy(table.ByAttachment, attachment) is { } present)
        {
            if (await IsWholeAsync(present, cancellation).ConfigureAwait(false))
            {
                return ResultOf(present);
            }

            await RemoveAsync(present, cancellation).ConfigureAwait(false);
        }

        // The identity may need the API; the wire does not wait for it.
        Task<(PodIdentity Identity, uint Subject)> security = SecureAsync(args, cancellation);
        string device = PodNetwork.DeviceName(request.ContainerId, request.IfName);
        int id = _ids.Take() + 1, slot = slots.Take();
        try
        {
            long since = Stopwatch.GetTimestamp(); // who had the addresses before has left the kernel
            IPAddress? v4 = config.Current.Ipv4 ? addresses.Take(attachment, AddressFamily.InterNetwork) : null;
            IPAddress? v6 = config.Current.Ipv6 ? addresses.Take(attachment, AddressFamily.InterNetworkV6) : null;
            var plan = new PodNetwork.Plan(request.IfName, v4, v6, devices.Router4, devices.Router6, devices.DeviceMtu, devices.RouteMtu);
            PodNetwork.Wire wire = await network.CreateAsync(device, pod, plan, cancellation).ConfigureAwait(false);
            (PodIdentity identity, uint subject) = await security.ConfigureAwait(false);
            var row = new EndpointRow(new EndpointState
            {
                Id = id, ContainerId = request.ContainerId, IfName = request.IfName, Namespace = args.Namespace, Pod = args.Pod, PodUid = args.Uid,
                Ipv4 = v4?.ToString(), Ipv6 = v6?.ToString(), PodMac = wire.PodMac.ToString(), HostMac = wire.HostMac.ToString(), HostDevice = wire.HostDevice,
                HostIfindex = wire.HostIfindex, Netns = request.Netns, Slot = slot, Identity = identity.Number, Labels = identity.Labels.Labels, Ports = identity.Ports, Workload = identity.Workload,
                PolicySubject = subject, Mtu = plan.DeviceMtu, Created = time.GetUtcNow(),
            }) { Since = since };
            store.Save(row.State); // before anything can use it: a new agent must know what the kernel holds
            Task inKernel = datapath.NextAdded(id);
            table.Upsert(row);
            await inKernel.WaitAsync(cancellation).ConfigureAwait(false);
            LogAdded(id, row.PodKey, v4, v6, identity.Number);
            return ResultOf(row);
        }
        catch (Exception e)
        {
            await UndoAsync(id, slot, attachment, device).ConfigureAwait(false);
            await IgnoreAsync(security).ConfigureAwait(false);
            throw Explain(e, args);
        }
    }

    /// <summary>CNI DEL; what is not there is success.</summary>
    public async Task DeleteAsync(string containerId, string ifName, CancellationToken cancellation)
    {
        string attachment = $"{containerId}:{ifName}";
        using IDisposable held = await LockAsync(attachment, cancellation).ConfigureAwait(false);
        if (table.View.FindBy(table.ByAttachment, attachment) is { } row)
        {
            await RemoveAsync(row, cancellation).ConfigureAwait(false);
        }
        else
        {
            // An ADD that was cut off before it was written down.
            await network.DeleteAsync(PodNetwork.DeviceName(containerId, ifName), cancellation).ConfigureAwait(false);
        }
    }

    /// <summary>CNI CHECK.</summary>
    /// <exception cref="CniException">What is missing.</exception>
    public async Task CheckAsync(CniRequest request, CancellationToken cancellation)
    {
        EndpointRow row = table.View.FindBy(table.ByAttachment, $"{request.ContainerId}:{request.IfName}")
            ?? throw new CniException(CniErrorCode.UnknownContainer, $"container {request.ContainerId} has no endpoint on this node", "cilium endpoint list");
        if (!await IsWholeAsync(row, cancellation).ConfigureAwait(false))
        {
            throw new CniException(CniErrorCode.CheckFailed, $"device {row.State.HostDevice} of endpoint {row.Id} is missing or another", "delete the pod, or look at: ip link; cilium endpoint list");
        }

        if (!datapath.IsInKernel(row))
        {
            throw new CniException(CniErrorCode.CheckFailed, $"endpoint {row.Id} is not in the datapath's maps", "cilium bpf endpoint list; cilium status --verbose");
        }
    }

    /// <summary>CNI GC: removes every endpoint whose attachment is not listed.</summary>
    public async Task CollectAsync(IReadOnlySet<(string ContainerId, string IfName)> valid, CancellationToken cancellation)
    {
        foreach (EndpointRow row in table.View.All().Where(r => !valid.Contains((r.State.ContainerId, r.State.IfName))).ToArray())
        {
            await DeleteAsync(row.State.ContainerId, row.State.IfName, cancellation).ConfigureAwait(false);
        }
    }

    /// <summary>Knows the endpoints of an earlier agent again. Those whose device is gone are forgotten.</summary>
    /// <returns>How many live.</returns>
    public async Task<int> RestoreAsync(CancellationToken cancellation)
    {
        IReadOnlyList<EndpointState> states = store.Load(out IReadOnlyList<string> damaged);
        foreach (string problem in damaged)
        {
            LogDamaged(problem);
        }

        int alive = 0;
        foreach (EndpointState state in states.OrderBy(s => s.Created))
        {
            var row = new EndpointRow(state);
            if (!await IsWholeAsync(row, cancellation).ConfigureAwait(false) || table.View.FindBy(table.ByAttachment, row.Attachment) is not null
                || !row.Addresses.All(a => addresses.Claim(row.Attachment, a)) || !_ids.Claim(state.Id - 1))
            {
                store.Remove(state.Id);
                addresses.Release(row.Attachment);
                LogForgotten(state.Id, row.PodKey);
                continue;
            }

            if (!slots.Claim(state.Slot))
            {
                row = new EndpointRow(state with { Slot = slots.Take() });
                store.Save(row.State);
            }

            table.Upsert(row);
            alive++;
        }

        LogRestored(alive);
        return alive;
    }

    /// <summary>Gives an endpoint another identity (its pod's labels changed): with its policy, from one packet to the next.</summary>
    public Task RelabelAsync(EndpointRow row, PodIdentity identity, CancellationToken cancellation) =>
        ChangeAsync(row.Id, row.Attachment, s => s with { Identity = identity.Number, Labels = identity.Labels.Labels, Ports = identity.Ports, Workload = identity.Workload }, cancellation);

    /// <summary>Audit: what policy would deny the endpoint passes and is reported.</summary>
    /// <returns>False when there is no such endpoint.</returns>
    public Task<bool> AuditAsync(int id, bool on, CancellationToken cancellation) =>
        table.View.Find(id) is { } row ? ChangeAsync(id, row.Attachment, s => s with { PolicyAudit = on }, cancellation) : Task.FromResult(false);

    /// <summary>Gives an endpoint the subject that belongs to what it is, if it has another.</summary>
    public Task<bool> ResubjectAsync(EndpointRow row, CancellationToken cancellation) => ChangeAsync(row.Id, row.Attachment, s => s, cancellation);

    private async Task<bool> ChangeAsync(int id, string attachment, Func<EndpointState, EndpointState> change, CancellationToken cancellation)
    {
        using IDisposable held = await LockAsync(attachment, cancellation).ConfigureAwait(false);
        if (table.View.Find(id) is not { } now || now.Attachment != attachment)
        {
            return false;
        }

        EndpointState next = change(now.State);
        next = next with { PolicySubject = await policy.AcquireAsync(SubjectKey.Of(next), cancellation).ConfigureAwait(false) };
        if (next != now.State)
        {
            store.Save(next);
            Task inKernel = datapath.NextAdded(id);
            table.Upsert(now with { State = next });
            await inKernel.WaitAsync(cancellation).ConfigureAwait(false);
            if (next.PolicySubject != now.State.PolicySubject)
            {
                policy.AskAgain(); // connections of before were let through by another subject's policy
            }

            if (next.Identity != now.State.Identity)
            {
                LogRelabelled(id, now.PodKey, now.State.Identity, next.Identity);
            }
        }

        return true;
    }

    /// <summary>Who the pod is, and its policy in the kernel.</summary>
    private async Task<(PodIdentity Identity, uint Subject)> SecureAsync(CniArgs args, CancellationToken cancellation)
    {
        PodIdentity identity = await identities.ResolveAsync(args, cancellation).ConfigureAwait(false);
        try
        {
            return (identity, await policy.AcquireAsync(new SubjectKey(identity.Number, string.Join(',', identity.Ports), false), cancellation).ConfigureAwait(false));
        }
        catch (PolicyNotRealizedException e)
        {
            throw new CniException(CniErrorCode.TryAgainLater, "the policy of the pod is not in the kernel", e.Message, e);
        }
    }

    private async Task RemoveAsync(EndpointRow row, CancellationToken cancellation)
    {
        Task gone = datapath.NextRemoved(row.Id);
        table.Delete(row.Id);
        await gone.WaitAsync(cancellation).ConfigureAwait(false);
        await network.DeleteAsync(row.State.HostDevice, cancellation).ConfigureAwait(false);
        datapath.Forget(row);
        store.Remove(row.Id);
        addresses.Release(row.Attachment);
        slots.Release(row.State.Slot);
        _ids.Release(row.Id - 1);
        LogRemoved(row.Id, row.PodKey);
    }

    /// <summary>Takes everything of a failed ADD back. Its own failures are for the next ADD or GC.</summary>
    private async Task UndoAsync(int id, int slot, string attachment, string device)
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(10));
        try
        {
            if (table.View.Find(id) is { } row && row.Attachment == attachment)
            {
                await RemoveAsync(row, limit.Token).ConfigureAwait(false);
                return;
            }

            await network.DeleteAsync(device, limit.Token).ConfigureAwait(false);
            store.Remove(id);
            addresses.Release(attachment);
            slots.Release(slot);
            _ids.Release(id - 1);
        }
        catch (Exception e) when (e is LinuxException or OperationCanceledException or IOException)
        {
            LogUndoFailed(attachment, e.Message);
        }
    }

    private async Task<bool> IsWholeAsync(EndpointRow row, CancellationToken cancellation) =>
        await network.FindAsync(row.State.HostDevice, cancellation).ConfigureAwait(false) is { } link && link.Index == row.State.HostIfindex;

    private CniResult ResultOf(EndpointRow row) => new()
    {
        HostName = row.State.HostDevice, HostMac = row.State.HostMac, PodName = row.State.IfName, PodMac = row.State.PodMac, Sandbox = row.State.Netns, Mtu = row.State.Mtu,
        Addresses = [.. row.Addresses.Select(a => (a, (a.AddressFamily == AddressFamily.InterNetwork ? devices.Router4 : devices.Router6)!))],
    };

    private Exception Explain(Exception e, CniArgs args)
    {
        switch (e)
        {
            case CniException or OperationCanceledException:
                return e;
            case IpamExhaustedException:
                if (args.Pod.Length > 0)
                {
                    events.Warn(args.Namespace, args.Pod, args.Uid, "FailedAddressAllocation", e.Message);
                }

                return new CniException(CniErrorCode.AddressesExhausted, "no address is left for the pod", e.Message, e);
            default:
                return new CniException(CniErrorCode.Kernel, "the pod's network could not be set up", e.Message, e);
        }
    }

    private static async Task IgnoreAsync(Task task)
    {
        try
        {
            await task.ConfigureAwait(false);
        }
        catch (Exception e) when (e is CniException or OperationCanceledException or InvalidOperationException)
        {
        }
    }

    private async Task<IDisposable> LockAsync(string attachment, CancellationToken cancellation)
    {
        SemaphoreSlim gate = _locks[(int)((uint)attachment.GetHashCode(StringComparison.Ordinal) % (uint)_locks.Length)];
        await gate.WaitAsync(cancellation).ConfigureAwait(false);
        return new Held(gate);
    }

    private sealed class Held(SemaphoreSlim gate) : IDisposable
    {
        public void Dispose() => gate.Release();
    }
}
