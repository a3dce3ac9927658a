using System.Collections.Concurrent;
using Microsoft.Extensions.Logging;
using Waggle.Agent.Endpoints;
using Waggle.Bpf;
using Waggle.Datapath;
using Waggle.Datapath.Attaching;
using Waggle.Datapath.Loading;
using Waggle.Linux;
using Waggle.Netlink;

namespace Waggle.Agent.Datapath;

/// <summary>Loads the programs, attaches them, and replaces them all when the configuration they were built with changes.</summary>
/// <remarks>
/// Replacing is one step per device (a link update): each packet meets the old or the new program, and the maps stay. Nothing is
/// detached when the agent ends.
/// </remarks>
internal sealed partial class DatapathControl(
    DatapathState state, DatapathLoader loader, Attachments attachments, EndpointTable endpoints, EndpointMaps maps, ILogger<DatapathControl> logger) : IDisposable
{
    private const string FromPod = "from_pod", ToPod = "to_pod";
    private readonly SemaphoreSlim _gate = new(1, 1);
    private readonly ConcurrentDictionary<int, string> _fresh = new();
    private readonly Dictionary<AttachPoint, string> _node = [];
    private readonly ConcurrentDictionary<int, string> _attached = new();
    private DatapathConfig? _config;

    /// <summary>The configuration that the attached programs were built with.</summary>
    public DatapathConfig? Config => _config;

    /// <summary>Loads with a configuration and attaches to the node's devices and to every endpoint's. Nothing happens when it is the present one.</summary>
    /// <param name="node">The node's devices with the program for each.</param>
    public async Task<bool> ApplyAsync(DatapathConfig config, IReadOnlyDictionary<AttachPoint, string> node, CancellationToken cancellation)
    {
        await _gate.WaitAsync(cancellation).ConfigureAwait(false);
        try
        {
            if (_config is not null && _config.ToAbi() == config.ToAbi() && node.Count == _node.Count && node.All(n => _node.GetValueOrDefault(n.Key) == n.Value))
            {
                return false;
            }

            LoadedDatapath next = loader.Load(config);
            LoadedDatapath? before = state.Replace(next);
            foreach (EndpointRow row in endpoints.View.All())
            {
                maps.WriteSender(row); // a map whose layout changed is new and empty: the programs must not meet it so
                maps.WriteAddresses(row);
            }

            foreach ((AttachPoint point, string program) in node)
            {
                await attachments.AttachAsync(point, next[program], cancellation).ConfigureAwait(false);
            }

            foreach (EndpointRow row in endpoints.View.All())
            {
                await AttachPodLockedAsync(row.State.HostIfindex, row.State.HostDevice, cancellation).ConfigureAwait(false);
                _fresh.TryRemove(row.State.HostIfindex, out _);
            }

            next.Maps.ForwardingChanged(); // what the programs before learnt was true for them
            foreach (AttachPoint gone in _node.Keys.Except(node.Keys))
            {
                await attachments.DetachAsync(gone, cancellation).ConfigureAwait(false);
            }

            _node.Clear();
            foreach ((AttachPoint point, string program) in node)
            {
                _node[point] = program;
            }

            next.Commit();
            _config = config;
            before?.Dispose();
            LogApplied(node.Count, endpoints.Count);
            return true;
        }
        finally
        {
            _gate.Release();
        }
    }

    /// <summary>Whether trace events are made; at once, without replacing programs.</summary>
    public void PauseTraces(bool paused) => state.Maps.PauseTraces(paused);

    /// <summary>Attaches to a pod's device the quick way; <see cref="SettleAsync"/> makes links of it when there is time.</summary>
    public async Task AttachPodAsync(int ifindex, string device, CancellationToken cancellation)
    {
        await _gate.WaitAsync(cancellation).ConfigureAwait(false);
        try
        {
            if (_attached.TryAdd(ifindex, device))
            {
                await attachments.AttachNewAsync(device, ifindex, state.Loaded[FromPod], state.Loaded[ToPod], cancellation).ConfigureAwait(false);
                _fresh[ifindex] = device;
            }
        }
        catch
        {
            _attached.TryRemove(ifindex, out _);
            throw;
        }
        finally
        {
            _gate.Release();
        }
    }

    /// <summary>The device is about to go, or gone; its programs go with it.</summary>
    public void DetachPod(int ifindex)
    {
        _fresh.TryRemove(ifindex, out _);
        _attached.TryRemove(ifindex, out _);
    }

    /// <summary>Removes what a device that is gone left in the BPF file system.</summary>
    public void ForgetPod(string device) => attachments.Forget(device);

    /// <summary>Devices that were attached the quick way and wait for their links.</summary>
    public int Unsettled => _fresh.Count;

    /// <summary>Makes links for one device that was attached the quick way; false when there is none.</summary>
    public async Task<bool> SettleAsync(CancellationToken cancellation)
    {
        if (_fresh.IsEmpty)
        {
            return false;
        }

        (int ifindex, string device) = _fresh.First();
        await _gate.WaitAsync(cancellation).ConfigureAwait(false);
        try
        {
            if (_fresh.TryRemove(ifindex, out _))
            {
                await AttachPodLockedAsync(ifindex, device, cancellation).ConfigureAwait(false);
            }
        }
        catch (Exception e) when (e is LinuxException or BpfException)
        {
            // The pod went away meanwhile, or the filters simply stay.
            LogNotSettled(device, e.Message);
        }
        finally
        {
            _gate.Release();
        }

        return true;
    }

    /// <summary>Forgets links whose device is gone.</summary>
    public void Prune() => attachments.Prune();

    public void Dispose() => _gate.Dispose();

    private async Task AttachPodLockedAsync(int ifindex, string device, CancellationToken cancellation)
    {
        foreach ((AttachPoint point, string program) in PodPoints(ifindex, device))
        {
            await attachments.AttachAsync(point, state.Loaded[program], cancellation).ConfigureAwait(false);
        }

        _attached[ifindex] = device;
    }

    private static IEnumerable<(AttachPoint Point, string Program)> PodPoints(int ifindex, string device) =>
    [
        (new AttachPoint(device, ifindex, TrafficDirection.Ingress), FromPod),
        (new AttachPoint(device, ifindex, TrafficDirection.Egress), ToPod),
    ];

    [LoggerMessage(1031, LogLevel.Information, "programs attached to {Node} places of the node and {Endpoints} endpoints")]
    private partial void LogApplied(int node, int endpoints);

    [LoggerMessage(1033, LogLevel.Debug, "device {Device} keeps its filters: {Problem}")]
    private partial void LogNotSettled(string device, string problem);
}
