using Microsoft.Extensions.Logging;
using Waggle.Agent.Endpoints;
using Waggle.Datapath;
using Waggle.Datapath.Attaching;
using Waggle.Datapath.Loading;
using Waggle.Netlink;

namespace Waggle.Agent.Datapath;

/// <summary>Loads the programs, attaches them, and replaces them all when the configuration they were built with changes.</summary>
/// <remarks>
/// Replacing is one step per device (a link update): each packet meets the old or the new program, and the maps stay. Nothing is
/// detached when the agent ends.
/// </remarks>
internal sealed partial class DatapathControl(
    DatapathState state, DatapathLoader loader, Attachments attachments, EndpointTable endpoints, ILogger<DatapathControl> logger) : IDisposable
{
    private readonly SemaphoreSlim _gate = new(1, 1);
    private readonly Dictionary<AttachPoint, string> _node = [];
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
            foreach ((AttachPoint point, string program) in node)
            {
                await attachments.AttachAsync(point, next[program], cancellation).ConfigureAwait(false);
            }

            foreach (EndpointRow row in endpoints.View.All())
            {
                await AttachPodLockedAsync(row.State.HostIfindex, row.State.HostDevice, cancellation).ConfigureAwait(false);
            }

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

    public async Task AttachPodAsync(int ifindex, string device, CancellationToken cancellation)
    {
        await _gate.WaitAsync(cancellation).ConfigureAwait(false);
        try
        {
            await AttachPodLockedAsync(ifindex, device, cancellation).ConfigureAwait(false);
        }
        finally
        {
            _gate.Release();
        }
    }

    public async Task DetachPodAsync(int ifindex, string device, CancellationToken cancellation)
    {
        await _gate.WaitAsync(cancellation).ConfigureAwait(false);
        try
        {
            foreach ((AttachPoint point, _) in PodPoints(ifindex, device))
            {
                await attachments.DetachAsync(point, cancellation).ConfigureAwait(false);
            }
        }
        finally
        {
            _gate.Release();
        }
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
    }

    private static IEnumerable<(AttachPoint Point, string Program)> PodPoints(int ifindex, string device) =>
    [
        (new AttachPoint(device, ifindex, TrafficDirection.Ingress), "from_pod"),
        (new AttachPoint(device, ifindex, TrafficDirection.Egress), "to_pod"),
    ];

    [LoggerMessage(1031, LogLevel.Information, "programs attached to {Node} places of the node and {Endpoints} endpoints")]
    private partial void LogApplied(int node, int endpoints);
}
