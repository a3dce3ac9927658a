using System.Text.Json.Nodes;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Waggle.Agent.Kubernetes;
using Waggle.Agent.Nodes;
using Waggle.Agent.Startup;
using Waggle.Datapath.Abi;
using Waggle.Kube.Client;
using Waggle.Kube.Json;
using Waggle.Kube.Resources;

namespace Waggle.Agent.Multicast;

/// <summary>Table <c>multicast-members</c> → this node's MulticastNode: the groups of which it has members, not who or how many.</summary>
internal sealed partial class InterestPublisher(KubeSources kube, MemberTable members, AgentArguments arguments, Readiness readiness, TimeProvider time, ILogger<InterestPublisher> logger) : BackgroundService
{
    /// <summary>Many pods that start together make one update.</summary>
    private static readonly TimeSpan Gather = TimeSpan.FromMilliseconds(20);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        LocalNode node = await readiness.Node.WaitAsync(stoppingToken).ConfigureAwait(false);
        await members.WaitInitializedAsync(stoppingToken).ConfigureAwait(false);
        await readiness.Sources.WaitAsync(stoppingToken).ConfigureAwait(false);
        string[] addresses = [.. new[] { node.Ipv4, node.Ipv6 }.OfType<System.Net.IPAddress>().Select(a => a.ToString())];
        MulticastNode? present = kube.MulticastNodes.Find(null, arguments.NodeName);
        string published = present is null ? "" : Text(present.Spec);
        for (ulong seen = 0; ;)
        {
            ulong revision = members.Revision;
            var spec = new MulticastNodeSpec { NodeAddresses = addresses, Groups = Interest() };
            string wanted = Text(spec);
            try
            {
                // A node that never had a member needs no object.
                if (wanted != published && (published.Length > 0 || spec.Groups.Count > 0))
                {
                    await WriteAsync(spec, stoppingToken).ConfigureAwait(false);
                    published = wanted;
                }

                seen = revision;
                await members.WaitForChangeAsync(seen, stoppingToken).ConfigureAwait(false);
                await Task.Delay(Gather, time, stoppingToken).ConfigureAwait(false);
            }
            catch (KubeApiException e)
            {
                LogFailed(e.Message);
                await Task.Delay(TimeSpan.FromSeconds(1), time, stoppingToken).ConfigureAwait(false);
            }
        }
    }

    private IReadOnlyList<MulticastInterest> Interest() =>
        [.. members.View.All().Where(m => m.IsLocal).GroupBy(m => m.GroupText).Select(g => new MulticastInterest { Group = g.Key, Sources = SourcesOf(g) })];

    /// <summary>Sources are named only when all members of a group want certain ones, and not more than other nodes can filter by.</summary>
    internal static IReadOnlyList<string> SourcesOf(IEnumerable<MemberRow> group)
    {
        var all = new SortedSet<string>(StringComparer.Ordinal);
        foreach (MemberRow member in group)
        {
            if (member.Filter != FilterMode.Include)
            {
                return [];
            }

            all.UnionWith(member.Sources);
        }

        return all.Count <= AbiConstants.McastMaxSources ? [.. all] : [];
    }

    private async Task WriteAsync(MulticastNodeSpec spec, CancellationToken cancellation)
    {
        var patch = new JsonObject
        {
            ["spec"] = new JsonObject
            {
                ["nodeAddresses"] = new JsonArray([.. spec.NodeAddresses.Select(a => (JsonNode)a)]),
                ["groups"] = new JsonArray([.. spec.Groups.Select(g => (JsonNode)KubeJson.ToJson(g))]),
            },
        };
        try
        {
            await kube.Client.PatchAsync(KubeTypes.MulticastNodes, null, arguments.NodeName, KubePatch.Merge(patch), cancellation: cancellation).ConfigureAwait(false);
        }
        catch (KubeApiException e) when (e.IsNotFound)
        {
            await kube.Client.CreateAsync(KubeTypes.MulticastNodes, new MulticastNode { Metadata = new ObjectMeta { Name = arguments.NodeName }, Spec = spec }, cancellation: cancellation).ConfigureAwait(false);
        }
    }

    private static string Text(MulticastNodeSpec spec) => string.Join(',', spec.NodeAddresses) + "|" + string.Join(';', spec.Groups.Select(g => $"{g.Group}={string.Join(',', g.Sources)}"));

    [LoggerMessage(1096, LogLevel.Warning, "interest in multicast groups is not published: {Problem}; trying again")]
    private partial void LogFailed(string problem);
}
