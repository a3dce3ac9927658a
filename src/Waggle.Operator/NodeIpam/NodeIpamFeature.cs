using System.Net;
using System.Net.Sockets;
using System.Text.Json.Nodes;
using Microsoft.Extensions.Logging;
using Waggle.Hosting.Loops;
using Waggle.Hosting.Metrics;
using Waggle.Kube.Client;
using Waggle.Kube.Resources;

namespace Waggle.Operator.NodeIpam;

/// <summary>Gives every CiliumNode its pod prefixes out of the cluster's pools (<c>ipam: cluster-pool</c>).</summary>
/// <remarks>
/// The CiliumNodes themselves are the record of who has what: a new leader reads them all before it gives out anything. A node keeps
/// its prefixes for as long as its CiliumNode exists.
/// </remarks>
public sealed partial class NodeIpamFeature : IOperatorFeature, IMetricsSource
{
    private readonly OperatorContext _context;
    private readonly ILogger _logger;
    private readonly Signal _changed = new();
    private readonly Dictionary<string, List<IPNetwork>> _held = new(StringComparer.Ordinal);
    private readonly Dictionary<string, string> _errors = new(StringComparer.Ordinal);
    private readonly Dictionary<AddressFamily, PrefixPool> _pools = [];

    public NodeIpamFeature(OperatorContext context)
    {
        _context = context;
        _logger = context.Logs.CreateLogger<NodeIpamFeature>();
        if (context.Config.Ipv4)
        {
            _pools[AddressFamily.InterNetwork] = new PrefixPool(context.Config.Networks("cluster-pool-ipv4-cidr"), context.Config.Number("cluster-pool-ipv4-mask-size"));
        }

        if (context.Config.Ipv6)
        {
            _pools[AddressFamily.InterNetworkV6] = new PrefixPool(context.Config.Networks("cluster-pool-ipv6-cidr"), context.Config.Number("cluster-pool-ipv6-mask-size"));
        }
    }

    public async Task RunAsync(CancellationToken cancellation)
    {
        _context.CiliumNodes.OnChange(_ => _changed.Set());
        await _context.CiliumNodes.Synced.WaitAsync(cancellation).ConfigureAwait(false);
        while (true)
        {
            bool complete = await ReconcileAsync(cancellation).ConfigureAwait(false);
            await _changed.WaitAsync(complete ? TimeSpan.FromMinutes(5) : TimeSpan.FromSeconds(2), _context.Time, cancellation).ConfigureAwait(false);
        }
    }

    public void Write(MetricsWriter writer)
    {
        writer.Family("cilium_operator_ipam_available_prefixes", "gauge", "Node prefixes that are free in the cluster's pools.");
        foreach ((AddressFamily family, PrefixPool pool) in _pools)
        {
            writer.Sample(pool.Capacity - pool.Taken, ("family", family == AddressFamily.InterNetwork ? "ipv4" : "ipv6"));
        }

        writer.Family("cilium_operator_ipam_nodes_without_prefix", "gauge", "Nodes that could not get a prefix.").Sample(_errors.Count);
    }

    private async Task<bool> ReconcileAsync(CancellationToken cancellation)
    {
        CiliumNode[] nodes = [.. _context.CiliumNodes.Objects.Values.OrderBy(n => n.Metadata.CreationTimestamp).ThenBy(n => n.Metadata.Name, StringComparer.Ordinal)];
        foreach (string gone in _held.Keys.Except(nodes.Select(n => n.Metadata.Name!)).ToArray())
        {
            ReleaseAll(gone);
        }

        // Everything that nodes already have comes first: nothing of it may be given to a new one.
        foreach (CiliumNode node in nodes)
        {
            Adopt(node);
        }

        bool complete = true;
        foreach (CiliumNode node in nodes)
        {
            try
            {
                await ServeAsync(node, cancellation).ConfigureAwait(false);
            }
            catch (KubeApiException e)
            {
                LogFailed(node.Metadata.Name!, e.Message);
                complete = false;
            }
        }

        return complete;
    }

    private void Adopt(CiliumNode node)
    {
        string name = node.Metadata.Name!;
        List<IPNetwork> held = _held.TryGetValue(name, out List<IPNetwork>? list) ? list : _held[name] = [];
        foreach (string text in node.Spec.Ipam?.PodCidrs ?? [])
        {
            if (IPNetwork.TryParse(text, out IPNetwork prefix) && !held.Contains(prefix) && _pools.TryGetValue(prefix.BaseAddress.AddressFamily, out PrefixPool? pool))
            {
                if (!pool.Claim(prefix))
                {
                    LogOverlap(name, text);
                }

                held.Add(prefix);
            }
        }
    }

    private async Task ServeAsync(CiliumNode node, CancellationToken cancellation)
    {
        string name = node.Metadata.Name!;
        List<IPNetwork> held = _held[name];
        var problems = new List<string>();
        foreach ((AddressFamily family, PrefixPool pool) in _pools)
        {
            if (held.Any(p => p.BaseAddress.AddressFamily == family))
            {
                continue;
            }

            if (pool.Take() is { } prefix)
            {
                held.Add(prefix);
            }
            else
            {
                string which = family == AddressFamily.InterNetwork ? "ipv4" : "ipv6";
                problems.Add($"all {pool.Capacity} prefixes of cluster-pool-{which}-cidr are in use; add a pool to cluster-pool-{which}-cidr in ConfigMap cilium-config");
            }
        }

        string[] wanted = [.. held.OrderBy(p => p.BaseAddress.AddressFamily).Select(p => p.ToString())];
        if (!wanted.SequenceEqual(node.Spec.Ipam?.PodCidrs ?? []))
        {
            var patch = new JsonObject { ["spec"] = new JsonObject { ["ipam"] = new JsonObject { ["podCIDRs"] = new JsonArray([.. wanted.Select(w => (JsonNode)w)]) } } };
            await _context.Client.PatchAsync(KubeTypes.CiliumNodes, null, name, KubePatch.Merge(patch), cancellation: cancellation).ConfigureAwait(false);
            LogGiven(name, string.Join(", ", wanted));
        }

        await ReportAsync(node, string.Join("; ", problems), cancellation).ConfigureAwait(false);
    }

    private async Task ReportAsync(CiliumNode node, string problem, CancellationToken cancellation)
    {
        string name = node.Metadata.Name!, before = node.Status?.Ipam?.OperatorStatus?.Error ?? "";
        if (problem == before)
        {
            return;
        }

        var status = new JsonObject { ["status"] = new JsonObject { ["ipam"] = new JsonObject { ["operator-status"] = problem.Length == 0 ? null : new JsonObject { ["error"] = problem } } } };
        await _context.Client.PatchAsync(KubeTypes.CiliumNodes, null, name, KubePatch.Merge(status), subresource: "status", cancellation: cancellation).ConfigureAwait(false);
        if (problem.Length == 0)
        {
            _errors.Remove(name);
            return;
        }

        _errors[name] = problem;
        LogExhausted(name, problem);
        await _context.Events.WarningAsync(new ObjectReference { ApiVersion = "cilium.io/v2", Kind = "CiliumNode", Name = name, Uid = node.Metadata.Uid }, "PodCIDRsExhausted", problem, cancellation).ConfigureAwait(false);
    }

    private void ReleaseAll(string node)
    {
        foreach (IPNetwork prefix in _held[node])
        {
            _pools[prefix.BaseAddress.AddressFamily].Release(prefix);
        }

        _held.Remove(node);
        _errors.Remove(node);
    }
}
