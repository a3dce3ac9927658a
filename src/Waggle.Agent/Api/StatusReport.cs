using System.Net.Sockets;
using System.Text.Json.Nodes;
using Waggle.Agent.Config;
using Waggle.Agent.Endpoints;
using Waggle.Agent.Hubble;
using Waggle.Agent.Identities;
using Waggle.Agent.IpCache;
using Waggle.Agent.Ipam;
using Waggle.Agent.Kubernetes;
using Waggle.Agent.Multicast;
using Waggle.Agent.Nodes;
using Waggle.Agent.Startup;
using Waggle.State.Health;

namespace Waggle.Agent.Api;

/// <summary>How the agent stands, with causes.</summary>
internal sealed class StatusReport(
    AgentArguments arguments, Readiness readiness, HealthRegistry health, KubeSources kube, ConfigState config, PodAddresses addresses, EndpointTable endpoints, NodeTable nodes, IdentityTable identities,
    IpCacheTable ipcache, GroupTable groups, MemberTable members, HubbleState hubble)
{
    /// <summary>Ready, and nothing is worse than it should be.</summary>
    public bool IsHealthy => readiness.Ready.IsCompleted && health.Overall == HealthLevel.Ok;

    public JsonObject Make()
    {
        LocalNode? node = readiness.Node.IsCompletedSuccessfully ? readiness.Node.Result : null;
        (int used4, int size4) = addresses.Usage(AddressFamily.InterNetwork);
        (int used6, int size6) = addresses.Usage(AddressFamily.InterNetworkV6);
        var report = new JsonObject
        {
            ["healthy"] = IsHealthy,
            ["ready"] = readiness.Ready.IsCompleted,
            ["node"] = arguments.NodeName,
            ["starting"] = readiness.Current,
            ["kubernetes"] = kube.Status.All(s => s.Error.Length == 0) ? "Ok" : "Degraded",
            ["ipam"] = string.Join(", ", new[] { size4 > 0 ? $"IPv4: {used4}/{size4} allocated" : "", size6 > 0 ? $"IPv6: {used6}/{size6} allocated" : "" }.Where(t => t.Length > 0)),
            ["podPrefixes"] = node is null ? "" : string.Join(", ", node.PodPrefixes),
            ["routing"] = config.Current.Tunnel ? $"tunnel [{config.Current["tunnel-protocol"]}]" : "native",
            ["masquerading"] = string.Join(", ", new[] { config.Current.Ipv4 ? $"IPv4: {Masquerade("ipv4")}" : "", config.Current.Ipv6 ? $"IPv6: {Masquerade("ipv6")}" : "" }.Where(t => t.Length > 0)),
            ["multicast"] = config.Current.Flag("multicast-enabled") ? $"enabled, {groups.Count} groups (limit {config.Current["multicast-max-groups"]}), {members.Count} members" : "disabled",
            ["hubble"] = hubble.Json(),
            ["tables"] = new JsonObject { ["endpoints"] = endpoints.Count, ["nodes"] = nodes.Count, ["identities"] = identities.Count, ["ipcache"] = ipcache.Count },
        };
        var modules = new JsonArray();
        foreach (HealthStatus module in health.Table.View.All())
        {
            modules.Add((JsonNode)new JsonObject { ["module"] = module.Module, ["ok"] = module.Level == HealthLevel.Ok, ["message"] = module.Message, ["since"] = module.Since.ToString("O"), ["failures"] = module.Failures });
        }

        foreach ((string name, bool synced, string error) in kube.Status)
        {
            modules.Add((JsonNode)new JsonObject { ["module"] = $"watch/{name}", ["ok"] = synced && error.Length == 0, ["message"] = error.Length > 0 ? error : synced ? "" : "no complete list yet" });
        }

        report["modules"] = modules;
        return report;
    }

    private string Masquerade(string family) => config.Current.Flag($"enable-{family}-masquerade") ? "BPF" : "off";
}
