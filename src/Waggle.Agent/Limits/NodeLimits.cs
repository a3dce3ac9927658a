using System.Net.Sockets;
using Waggle.Agent.Config;
using Waggle.Agent.Datapath;
using Waggle.Agent.Identities;
using Waggle.Agent.IpCache;
using Waggle.Agent.Ipam;
using Waggle.Agent.Multicast;
using Waggle.Agent.Policy;
using Waggle.Datapath.Maps;
using Waggle.Policy.Compile;

namespace Waggle.Agent.Limits;

/// <summary>Every limit of this node, with its use.</summary>
internal sealed class NodeLimits(PolicyCounts policy, DatapathState datapath, IpCacheTable ipcache, PodAddresses addresses, GroupTable groups, ConfigState config)
{
    /// <summary>What there is now. The cost does not grow with the connections of the node: of large maps a sample is read.</summary>
    public IReadOnlyList<NodeLimit> Read()
    {
        (PolicyUsage usage, (string Map, int Used, int Max)[] maps, IReadOnlyDictionary<string, long> asked) = policy.Usage();
        var all = new List<NodeLimit>();
        foreach ((string map, int used, int max) in maps.Where(m => m.Max > 0))
        {
            all.Add(map switch
            {
                "policy_peers" => Rows(map, used, max, "bpf-policy-map-max", "peers"), "policy_rules" => Rows(map, used, max, "bpf-policy-rules-map-max", "ports"),
                _ => new NodeLimit($"rows of map {map}", used, max, "", "new pods with labels that no other pod of the node has wait in the plugin"),
            });
        }

        all.Add(new NodeLimit("rules told apart in counters and events", usage.Rules, PolicyEngineOptions.DefaultMaxRules, "", "verdicts hold, further rules are counted together"));
        all.Add(new NodeLimit("prefixes with an identity", usage.Cidrs, CidrIdentities.Limit, "", "a policy that needs more stays as it was, and says so") { Asked = asked.GetValueOrDefault("cidrs") });
        if (datapath.IsLoaded)
        {
            DatapathMaps at = datapath.Maps;
            long prefixes = ipcache.View.All().Count(row => !row.IsAddress), room = at.IpcachePrefixes.Map.Info.MaxEntries;
            all.Add(new NodeLimit("rows of map ipcache_prefixes", Math.Min(prefixes, room), room, "", "further prefixes count as world") { Asked = prefixes > room ? prefixes : 0 });
            all.Add(new NodeLimit("rows of map endpoints", at.Endpoints.Map.EstimateEntries(), at.Endpoints.Map.Info.MaxEntries, "", "further pods are refused by the plugin"));
            all.Add(new NodeLimit(
                "tracked connections", at.Conntrack.Map.EstimateEntries(), at.Conntrack.Map.Info.MaxEntries, "bpf-ct-global-any-max", "the least recently used is forgotten; its next packet is judged like a new connection's"));
        }

        foreach ((string family, AddressFamily kind) in new[] { ("IPv4", AddressFamily.InterNetwork), ("IPv6", AddressFamily.InterNetworkV6) })
        {
            if (addresses.Usage(kind) is (var used, > 0 and var size))
            {
                all.Add(new NodeLimit($"{family} addresses for pods", used, size, "", "further pods wait in the plugin until one is free"));
            }
        }

        all.Add(new NodeLimit("multicast groups", groups.Count, config.Current.Number("multicast-max-groups"), "multicast-max-groups", "further groups are refused by name"));
        return all;

        NodeLimit Rows(string map, int used, int max, string key, string what) =>
            new($"rows of map {map}", used, max, key, "an endpoint keeps the last policy that was complete; new pods wait. A change needs room for the old and the new") { Asked = asked.GetValueOrDefault(what) };
    }
}
