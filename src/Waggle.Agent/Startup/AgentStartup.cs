using System.Net;
using System.Net.Sockets;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Waggle.Agent.Cni;
using Waggle.Agent.Config;
using Waggle.Agent.Datapath;
using Waggle.Agent.Endpoints;
using Waggle.Agent.Ipam;
using Waggle.Agent.Nodes;
using Waggle.Agent.Routing;
using Waggle.Hosting.Config;
using Waggle.Netlink;
using Waggle.State.Health;

namespace Waggle.Agent.Startup;

/// <summary>Brings the node up, step by step.</summary>
/// <remarks>
/// (1) own addresses and pod prefixes from the API, (2) addresses of pods that an earlier agent saved, (3) the router address, (4)
/// devices and forwarding, (5) saved endpoints into the table, (6) maps adopted, programs attached or replaced, CNI calls may run, (7)
/// the runtime is told to use the plugin, others learn the router address, (8) all copies of API objects are complete: what nobody
/// wants is pruned by the reconcilers, (9) policy is compiled and in force: the agent is ready. A failure is shown and tried again: what is attached works meanwhile.
/// </remarks>
internal sealed partial class AgentStartup(
    OwnNode own, NodeDevices devices, DatapathService datapath, EndpointManager endpoints, EndpointStore store, PodAddresses addresses, ConfigState config, Rtnl netlink,
    Readiness readiness, HealthRegistry health, EndpointInitializer endpointsComplete, TimeProvider time, ILogger<AgentStartup> logger) : BackgroundService
{
    private bool _restored;

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        HealthReporter reporter = health.For("startup");
        for (TimeSpan wait = TimeSpan.FromMilliseconds(500); ; wait = wait < TimeSpan.FromSeconds(5) ? wait * 2 : wait)
        {
            try
            {
                await BringUpAsync(stoppingToken).ConfigureAwait(false);
                reporter.Ok();
                LogReady();
                return;
            }
            catch (Exception e) when (e is not OperationCanceledException)
            {
                reporter.Degraded($"{readiness.Current}: {e.Message}");
                LogFailed(readiness.Current, e.Message);
                await Task.Delay(wait, time, stoppingToken).ConfigureAwait(false);
            }
        }
    }

    private async Task BringUpAsync(CancellationToken cancellation)
    {
        WaggleConfig c = config.Current;
        LocalNode node = await own.LearnAsync(cancellation).ConfigureAwait(false); // 1
        addresses.SetNetworks(node.PodPrefixes);

        readiness.Doing("choosing the router address"); // 2, 3
        IReadOnlyList<EndpointState> saved = store.Load(out _);
        node = await WithRoutersAsync(node, c, saved, cancellation).ConfigureAwait(false);

        readiness.Doing("setting up devices"); // 4
        await devices.EnsureAsync(node, c, cancellation).ConfigureAwait(false);
        readiness.NodeKnown(node);

        readiness.Doing("restoring endpoints"); // 5
        if (!_restored)
        {
            await endpoints.RestoreAsync(cancellation).ConfigureAwait(false);
            endpointsComplete.Complete();
            _restored = true;
        }

        readiness.Doing("loading the programs"); // 6
        await datapath.ApplyAsync(node, cancellation).ConfigureAwait(false);
        readiness.DatapathLoaded();
        readiness.EndpointsRestored();

        readiness.Doing("telling the container runtime"); // 7
        if (c["write-cni-conf-when-ready"] is { Length: > 0 } file)
        {
            foreach (string renamed in CniConfFile.Write(file, c.Flag("cni-exclusive")))
            {
                LogRenamed(renamed);
            }
        }

        readiness.Doing("announcing the router address");
        await own.AnnounceAsync(node, cancellation).ConfigureAwait(false);
        readiness.Doing("waiting for complete copies of API objects"); // 8
        await readiness.Sources.WaitAsync(cancellation).ConfigureAwait(false);
        readiness.Doing("compiling policy"); // 9
        await readiness.Policy.WaitAsync(cancellation).ConfigureAwait(false);
        readiness.Complete();
    }

    /// <summary>The router addresses of before where they still fit (pods have them as gateway), else new ones.</summary>
    private async Task<LocalNode> WithRoutersAsync(LocalNode node, WaggleConfig c, IReadOnlyList<EndpointState> saved, CancellationToken cancellation)
    {
        const string owner = "router";
        var former = new List<IPAddress>();
        if (await netlink.Links.FindAsync(NodeDevices.Host, cancellation).ConfigureAwait(false) is { } link)
        {
            former.AddRange((await netlink.Addresses.ListAsync(link.Index, cancellation: cancellation).ConfigureAwait(false)).Select(a => a.Address).Where(a => !a.IsIPv6LinkLocal));
        }

        former.AddRange(await own.FormerRoutersAsync(cancellation).ConfigureAwait(false));
        HashSet<IPAddress> ofPods = [.. saved.SelectMany(s => new[] { s.Ipv4, s.Ipv6 }).OfType<string>().Select(IPAddress.Parse)];
        foreach (EndpointState state in saved)
        {
            // Addresses of pods that are about to be restored must not become the router's.
            foreach (string text in new[] { state.Ipv4, state.Ipv6 }.OfType<string>())
            {
                addresses.Claim($"{state.ContainerId}:{state.IfName}", IPAddress.Parse(text));
            }
        }

        return node with { Router4 = c.Ipv4 ? Router(AddressFamily.InterNetwork) : null, Router6 = c.Ipv6 ? Router(AddressFamily.InterNetworkV6) : null };

        IPAddress Router(AddressFamily family)
        {
            if (former.FirstOrDefault(a => a.AddressFamily == family && addresses.Contains(a) && !ofPods.Contains(a)) is { } kept && addresses.Claim(owner, kept))
            {
                return kept;
            }

            return addresses.Take(owner, family);
        }
    }

    [LoggerMessage(1011, LogLevel.Information, "the agent is ready")]
    private partial void LogReady();

    [LoggerMessage(1012, LogLevel.Error, "start failed while {Step}: {Problem}; trying again")]
    private partial void LogFailed(string step, string problem);

    [LoggerMessage(1013, LogLevel.Warning, "{File} renamed: this node's pods are Waggle's (cni-exclusive)")]
    private partial void LogRenamed(string file);
}
