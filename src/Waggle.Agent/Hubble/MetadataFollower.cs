using System.Diagnostics;
using System.Net;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Waggle.Agent.Config;
using Waggle.Agent.Identities;
using Waggle.Agent.IpCache;
using Waggle.Agent.Kubernetes;
using Waggle.Agent.Nodes;
using Waggle.Agent.Startup;
using Waggle.Hubble.Flows;
using Waggle.Kube.Resources;
using Waggle.Netlink;
using Waggle.State.Tables;

namespace Waggle.Agent.Hubble;

/// <summary>Tables → <see cref="HubbleMetadata"/>, and what happens to endpoints → agent events.</summary>
internal sealed partial class MetadataFollower(
    HubbleMetadata metadata, AgentEvents events, LocalEndpoints local, IdentityTable identities, IpCacheTable ipcache, NodeTable nodes, KubeSources kube, ConfigState config,
    AgentArguments arguments, Readiness readiness, Rtnl netlink, TimeProvider time, ILogger<MetadataFollower> logger) : BackgroundService
{
    private readonly Dictionary<string, (EndpointInfo Info, FlowAddress[] Addresses)> _remote = new(StringComparer.Ordinal);
    private readonly Queue<(long Since, EndpointInfo Info, FlowAddress[] Addresses)> _gone = new();

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        string cluster = config.Current.ClusterName;
        metadata.TunnelPort = (ushort)(config.Current.Tunnel ? config.Current.Number("tunnel-port") : 0);
        metadata.Node = new NodeInfo(NodeNames.Of(cluster, arguments.NodeName), []);
        foreach ((uint id, string label) in ReservedIdentity.All)
        {
            metadata.SetIdentity(id, [label], "");
        }

        kube.CiliumEndpoints.OnChange(change => OnRemote(change.Old, change.New));
        kube.CiliumNodes.OnChange(change => OnNode(change.Object));
        await Task.WhenAll(local.FollowAsync(stoppingToken), FollowIdentitiesAsync(stoppingToken), FollowIpCacheAsync(stoppingToken), FollowNodesAsync(stoppingToken), SweepAsync(stoppingToken)).ConfigureAwait(false);
    }

    private void OnRemote(CiliumEndpoint? before, CiliumEndpoint? now)
    {
        string key = (now ?? before)!.Key.ToString();
        lock (metadata.Writing)
        {
            long at = Stopwatch.GetTimestamp();
            _remote.Remove(key, out (EndpointInfo Info, FlowAddress[] Addresses) old);
            FlowAddress[] addresses = [];
            if (now?.Status is { Identity: { } identity, Networking: { } networking } && !IsLocal(networking))
            {
                var info = new EndpointInfo
                {
                    Identity = (uint)identity.Id, ClusterName = config.Current.ClusterName, Namespace = now.Metadata.Namespace ?? "", PodName = now.Metadata.Name ?? "",
                    Labels = [.. identity.Labels.Order(StringComparer.Ordinal)], Workloads = LocalEndpoints.Workloads(PodWorkload.Of(now)),
                };
                addresses = [.. networking.Addressing.SelectMany(p => new[] { p.Ipv4, p.Ipv6 }).OfType<string>().Select(t => FlowAddress.TryParse(t, out FlowAddress a) ? a : default).Where(a => !a.IsNone)];
                _remote[key] = (info, addresses);
                foreach (FlowAddress address in addresses)
                {
                    metadata.Addresses.SetLate(address, info, at, before?.Metadata.Uid == now.Metadata.Uid ? old.Info : null);
                }
            }

            // Its address may soon be another pod's, of which we hear later than of its packets: from here on it is nobody's.
            if (old.Info is not null && old.Addresses.Except(addresses).ToArray() is { Length: > 0 } left)
            {
                _gone.Enqueue((at, old.Info, left));
                foreach (FlowAddress address in left)
                {
                    metadata.Addresses.End(address, old.Info, at);
                }
            }
        }
    }

    private bool IsLocal(CiliumEndpointNetworking networking) =>
        readiness.Node is { IsCompletedSuccessfully: true, Result: { } node } && IPAddress.TryParse(networking.Node, out IPAddress? at) && (at.Equals(node.Ipv4) || at.Equals(node.Ipv6));

    private void OnNode(CiliumNode node)
    {
        if (node.Metadata.Name == arguments.NodeName)
        {
            metadata.Node = new NodeInfo(metadata.Node.Name, [.. node.Metadata.Labels.Select(l => $"{l.Key}={l.Value}").Order(StringComparer.Ordinal)]);
        }
    }

    private async Task FollowIdentitiesAsync(CancellationToken cancellation)
    {
        await foreach (ChangeBatch<IdentityRow> batch in identities.WatchAsync(cancellation).ConfigureAwait(false))
        {
            foreach (Change<IdentityRow> change in batch.Changes)
            {
                // An identity that goes stays readable for flows that still carry it; its number is not given to others soon.
                if (!change.IsDeleted)
                {
                    metadata.SetIdentity(change.Row.Id, change.Row.Labels, change.Row.Id < ReservedIdentity.FirstAllocated ? "" : config.Current.ClusterName);
                }
                else
                {
                    metadata.RemoveIdentity(change.Row.Id);
                }
            }
        }
    }

    private async Task FollowIpCacheAsync(CancellationToken cancellation)
    {
        await foreach (ChangeBatch<IpCacheRow> batch in ipcache.WatchAsync(cancellation).ConfigureAwait(false))
        {
            foreach (Change<IpCacheRow> change in batch.Changes)
            {
                events.IpCache(change.Row, change.IsDeleted);
                if (change.IsDeleted)
                {
                    metadata.Prefixes.Remove(change.Row.Prefix);
                }
                else
                {
                    metadata.Prefixes.Set(change.Row.Prefix, change.Row.Identity);
                }
            }
        }
    }

    private async Task FollowNodesAsync(CancellationToken cancellation)
    {
        var held = new Dictionary<string, (EndpointInfo Info, FlowAddress[] Addresses)>(StringComparer.Ordinal);
        await foreach (ChangeBatch<NodeRow> batch in nodes.WatchAsync(cancellation).ConfigureAwait(false))
        {
            foreach (Change<NodeRow> change in batch.Changes)
            {
                if (held.Remove(change.Row.Name, out (EndpointInfo Info, FlowAddress[] Addresses) old))
                {
                    foreach (FlowAddress address in old.Addresses)
                    {
                        metadata.Addresses.Remove(address, old.Info);
                    }
                }

                if (!change.IsDeleted)
                {
                    NodeRow row = change.Row;
                    uint identity = row.IsLocal ? ReservedIdentity.Host : ReservedIdentity.RemoteNode;
                    var info = new EndpointInfo { Identity = identity, ClusterName = config.Current.ClusterName, Labels = [row.IsLocal ? "reserved:host" : "reserved:remote-node"] };
                    FlowAddress[] addresses = [.. new[] { row.Ipv4, row.Ipv6, row.Router4, row.Router6 }.OfType<IPAddress>().Select(FlowAddress.From)];
                    held[row.Name] = (info, addresses);
                    foreach (FlowAddress address in addresses)
                    {
                        metadata.Addresses.Set(address, info);
                    }
                }
            }
        }
    }

    /// <summary>Forgets what is gone for long enough, and learns names of new devices.</summary>
    private async Task SweepAsync(CancellationToken cancellation)
    {
        while (true)
        {
            try
            {
                if (metadata.HasUnknownInterfaces)
                {
                    metadata.SetInterfaces([.. (await netlink.Links.ListAsync(cancellation: cancellation).ConfigureAwait(false)).Select(l => (l.Index, l.Name))]);
                }
            }
            catch (NetlinkException e)
            {
                LogNoDevices(e.Message);
            }

            long until = Stopwatch.GetTimestamp() - (long)(HubbleMetadata.Grace.TotalSeconds * Stopwatch.Frequency);
            lock (metadata.Writing)
            {
                while (_gone.TryPeek(out (long Since, EndpointInfo Info, FlowAddress[] Addresses) gone) && gone.Since < until)
                {
                    _gone.Dequeue();
                    foreach (FlowAddress address in gone.Addresses)
                    {
                        metadata.Addresses.Remove(address, gone.Info);
                    }
                }

                metadata.Addresses.Forget(until);
            }

            local.Sweep(until);
            await Task.Delay(TimeSpan.FromSeconds(1), time, cancellation).ConfigureAwait(false);
        }
    }

    [LoggerMessage(1100, LogLevel.Warning, "names of devices cannot be read, flows go without them: {Problem}")]
    private partial void LogNoDevices(string problem);
}
