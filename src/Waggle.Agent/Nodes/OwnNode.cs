using System.Net;
using System.Net.Sockets;
using System.Text.Json.Nodes;
using Microsoft.Extensions.Logging;
using Waggle.Agent.Config;
using Waggle.Agent.Kubernetes;
using Waggle.Agent.Startup;
using Waggle.Hosting.Config;
using Waggle.Kube.Client;
using Waggle.Kube.Resources;
using Waggle.Netlink;

namespace Waggle.Agent.Nodes;

/// <summary>What the API says about this node, and what this node says about itself there.</summary>
internal sealed partial class OwnNode(KubeSources kube, AgentArguments arguments, ConfigState config, Rtnl netlink, Readiness readiness, TimeProvider time, ILogger<OwnNode> logger)
{
    /// <summary>Waits until the Node object names its addresses and, with cluster-pool, until the operator gave pod prefixes.</summary>
    public async Task<LocalNode> LearnAsync(CancellationToken cancellation)
    {
        WaggleConfig c = config.Current;
        readiness.Doing($"waiting for Node {arguments.NodeName} in the API");
        Node node = await UntilAsync($"Node {arguments.NodeName} with an InternalIP", async () =>
        {
            Node? n = await kube.Client.TryGetAsync(KubeTypes.Nodes, null, arguments.NodeName, cancellation).ConfigureAwait(false);
            return n is not null && AddressOf(n, AddressFamily.InterNetwork) is null && AddressOf(n, AddressFamily.InterNetworkV6) is null ? null : n;
        }, cancellation).ConfigureAwait(false);
        IPAddress? v4 = AddressOf(node, AddressFamily.InterNetwork), v6 = AddressOf(node, AddressFamily.InterNetworkV6);

        readiness.Doing("publishing CiliumNode (waiting for the operator to install the resource types)");
        CiliumNode own = await UntilAsync($"CiliumNode {arguments.NodeName}", () => PublishAsync(node, v4, v6, null, null, cancellation), cancellation).ConfigureAwait(false);
        IReadOnlyList<IPNetwork> prefixes;
        if (c["ipam"] == "cluster-pool")
        {
            readiness.Doing("waiting for pod prefixes from the operator (spec.ipam.podCIDRs of the CiliumNode)");
            CiliumNode complete = HasPrefixes(own, c) ? own : await UntilAsync("pod prefixes", async () =>
            {
                CiliumNode? seen = kube.CiliumNodes.Find(null, arguments.NodeName) ?? await kube.Client.TryGetAsync(KubeTypes.CiliumNodes, null, arguments.NodeName, cancellation).ConfigureAwait(false);
                return seen is not null && HasPrefixes(seen, c) ? seen : null;
            }, cancellation).ConfigureAwait(false);
            prefixes = PrefixesOf(complete);
        }
        else
        {
            prefixes = [.. node.Spec.PodCidrs.Select(IPNetwork.Parse)];
        }

        (string uplink, int index, int mtu) = await UplinkAsync(v4 ?? v6!, cancellation).ConfigureAwait(false);
        return new LocalNode(arguments.NodeName, v4, v6, prefixes, null, null, uplink, index, mtu);
    }

    /// <summary>Tells the others this node's router addresses.</summary>
    public Task AnnounceAsync(LocalNode node, CancellationToken cancellation) => UntilAsync($"CiliumNode {node.Name}", async () =>
    {
        Node? object_ = await kube.Client.TryGetAsync(KubeTypes.Nodes, null, node.Name, cancellation).ConfigureAwait(false);
        return object_ is null ? null : await PublishAsync(object_, node.Ipv4, node.Ipv6, node.Router4, node.Router6, cancellation).ConfigureAwait(false);
    }, cancellation);

    /// <summary>Router addresses that an earlier agent announced.</summary>
    public async Task<IReadOnlyList<IPAddress>> FormerRoutersAsync(CancellationToken cancellation)
    {
        CiliumNode? own = await kube.Client.TryGetAsync(KubeTypes.CiliumNodes, null, arguments.NodeName, cancellation).ConfigureAwait(false);
        return [.. (own?.Spec.Addresses ?? []).Where(a => a.Type == "CiliumInternalIP").Select(a => IPAddress.TryParse(a.Ip, out IPAddress? ip) ? ip : null).OfType<IPAddress>()];
    }

    internal static IReadOnlyList<IPNetwork> PrefixesOf(CiliumNode node) => [.. (node.Spec.Ipam?.PodCidrs ?? []).Where(p => IPNetwork.TryParse(p, out _)).Select(IPNetwork.Parse)];

    private static bool HasPrefixes(CiliumNode node, WaggleConfig config)
    {
        IReadOnlyList<IPNetwork> prefixes = PrefixesOf(node);
        return (!config.Ipv4 || prefixes.Any(p => p.BaseAddress.AddressFamily == AddressFamily.InterNetwork)) && (!config.Ipv6 || prefixes.Any(p => p.BaseAddress.AddressFamily == AddressFamily.InterNetworkV6));
    }

    private static IPAddress? AddressOf(Node node, AddressFamily family) =>
        node.Status.Addresses.Where(a => a.Type == "InternalIP").Select(a => IPAddress.TryParse(a.Address, out IPAddress? ip) ? ip : null).FirstOrDefault(ip => ip?.AddressFamily == family);

    private async Task<CiliumNode?> PublishAsync(Node node, IPAddress? v4, IPAddress? v6, IPAddress? router4, IPAddress? router6, CancellationToken cancellation)
    {
        CiliumNode? present = await kube.Client.TryGetAsync(KubeTypes.CiliumNodes, null, arguments.NodeName, cancellation).ConfigureAwait(false);
        var addresses = new List<CiliumNodeAddress>();
        Add("InternalIP", v4, v6);
        if (router4 is null && router6 is null)
        {
            addresses.AddRange((present?.Spec.Addresses ?? []).Where(a => a.Type == "CiliumInternalIP"));
        }

        Add("CiliumInternalIP", router4, router6);
        if (present is null)
        {
            var owner = new OwnerReference { ApiVersion = "v1", Kind = "Node", Name = node.Metadata.Name!, Uid = node.Metadata.Uid ?? "" };
            return await kube.Client.CreateAsync(
                KubeTypes.CiliumNodes,
                new CiliumNode { Metadata = new ObjectMeta { Name = arguments.NodeName, Labels = node.Metadata.Labels, OwnerReferences = [owner] }, Spec = new CiliumNodeSpec { Addresses = addresses } },
                cancellation: cancellation).ConfigureAwait(false);
        }

        if (present.Spec.Addresses.SequenceEqual(addresses))
        {
            return present;
        }

        var patch = new JsonObject { ["spec"] = new JsonObject { ["addresses"] = new JsonArray([.. addresses.Select(a => (JsonNode)new JsonObject { ["type"] = a.Type, ["ip"] = a.Ip })]) } };
        return await kube.Client.PatchAsync(KubeTypes.CiliumNodes, null, arguments.NodeName, KubePatch.Merge(patch), cancellation: cancellation).ConfigureAwait(false);

        void Add(string type, params IPAddress?[] of) => addresses.AddRange(of.OfType<IPAddress>().Select(a => new CiliumNodeAddress { Type = type, Ip = a.ToString() }));
    }

    private async Task<(string Name, int Index, int Mtu)> UplinkAsync(IPAddress address, CancellationToken cancellation)
    {
        string[] named = config.Current["devices"].Split(' ', StringSplitOptions.RemoveEmptyEntries);
        if (named.Length > 0)
        {
            Link chosen = await netlink.Links.GetAsync(named[0], cancellation).ConfigureAwait(false);
            return (chosen.Name, chosen.Index, (int)chosen.Mtu);
        }

        foreach (InterfaceAddress a in await netlink.Addresses.ListAsync(cancellation: cancellation).ConfigureAwait(false))
        {
            if (a.Address.Equals(address))
            {
                Link link = await netlink.Links.GetAsync(a.LinkIndex, cancellation).ConfigureAwait(false);
                return (link.Name, link.Index, (int)link.Mtu);
            }
        }

        throw new InvalidOperationException($"no device of this machine has the node's address {address}; set the key \"devices\" in ConfigMap cilium-config, or correct the Node object's InternalIP");
    }

    /// <summary>Tries until there is an answer: the API, the operator and the agent start in any order.</summary>
    private async Task<T> UntilAsync<T>(string what, Func<Task<T?>> attempt, CancellationToken cancellation)
        where T : class
    {
        long said = 0;
        for (TimeSpan wait = TimeSpan.FromMilliseconds(50); ; wait = wait < TimeSpan.FromMilliseconds(500) ? wait * 2 : wait)
        {
            string problem = "it is not there yet";
            try
            {
                if (await attempt().ConfigureAwait(false) is { } value)
                {
                    return value;
                }
            }
            catch (KubeApiException e)
            {
                problem = e.Message;
            }

            if (said == 0 || time.GetElapsedTime(said) > TimeSpan.FromSeconds(10))
            {
                LogWaiting(what, problem);
                said = time.GetTimestamp();
            }

            await Task.Delay(wait, time, cancellation).ConfigureAwait(false);
        }
    }

    [LoggerMessage(1062, LogLevel.Information, "waiting for {What}: {Problem}")]
    private partial void LogWaiting(string what, string problem);
}
