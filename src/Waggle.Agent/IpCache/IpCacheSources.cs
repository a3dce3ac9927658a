using System.Net;
using Microsoft.Extensions.Hosting;
using Waggle.Agent.Endpoints;
using Waggle.Agent.Kubernetes;
using Waggle.Agent.Nodes;
using Waggle.Agent.Startup;
using Waggle.Datapath.Abi;
using Waggle.Kube.Resources;
using Waggle.State.Tables;
using Reserved = Waggle.Agent.Identities.ReservedIdentity;

namespace Waggle.Agent.IpCache;

/// <summary>Own endpoints, CiliumEndpoints of other nodes and nodes → table <c>ipcache</c>.</summary>
/// <remarks>
/// A node's pod prefix is there too, with the tunnel to the node: a pod that is too new for its CiliumEndpoint to have arrived is
/// reached all the same.
/// </remarks>
internal sealed class IpCacheSources : BackgroundService
{
    private readonly IpCacheTable _table;
    private readonly EndpointTable _endpoints;
    private readonly NodeTable _nodes;
    private readonly KubeSources _kube;
    private readonly Readiness _readiness;
    private readonly TableInitializer _initialized;

    public IpCacheSources(IpCacheTable table, EndpointTable endpoints, NodeTable nodes, KubeSources kube, Readiness readiness)
    {
        (_table, _endpoints, _nodes, _kube, _readiness) = (table, endpoints, nodes, kube, readiness);
        _initialized = table.RegisterInitializer("endpoints and nodes");
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        LocalNode node = await _readiness.Node.WaitAsync(stoppingToken).ConfigureAwait(false);
        _kube.CiliumEndpoints.OnChange(change => OnRemote(change.Old, change.New, node));
        Task local = FollowEndpointsAsync(stoppingToken), nodes = FollowNodesAsync(stoppingToken);
        await Task.WhenAll(_readiness.Sources, _readiness.Endpoints).WaitAsync(stoppingToken).ConfigureAwait(false);

        // The followers above have taken every present row before their first wait; one more look makes it certain.
        Replace(_endpoints.View.All().SelectMany(Rows), "endpoint-local");
        Replace(_nodes.View.All().SelectMany(Rows), "node");
        _initialized.Complete();
        await Task.WhenAll(local, nodes).ConfigureAwait(false);
    }

    private async Task FollowEndpointsAsync(CancellationToken cancellation)
    {
        await foreach (ChangeBatch<EndpointRow> batch in _endpoints.WatchAsync(cancellation).ConfigureAwait(false))
        {
            foreach (Change<EndpointRow> change in batch.Changes)
            {
                Apply(Rows(change.Row), change.IsDeleted);
            }
        }
    }

    private async Task FollowNodesAsync(CancellationToken cancellation)
    {
        await foreach (ChangeBatch<NodeRow> batch in _nodes.WatchAsync(cancellation).ConfigureAwait(false))
        {
            if (!batch.IsEmpty)
            {
                Replace(_nodes.View.All().SelectMany(Rows), "node");
            }
        }
    }

    private void OnRemote(CiliumEndpoint? before, CiliumEndpoint? now, LocalNode node)
    {
        if (before is not null)
        {
            Apply(Rows(before, node), deleted: true, keep: now is null ? [] : [.. Rows(now, node).Select(r => IpCacheKey.Of(r.Prefix))]);
        }

        if (now is not null)
        {
            Apply(Rows(now, node), deleted: false);
        }
    }

    private void Apply(IEnumerable<IpCacheRow> rows, bool deleted, IReadOnlyCollection<IpCacheKey>? keep = null)
    {
        using WriteTransaction transaction = _table.Db.Write(_table);
        foreach (IpCacheRow row in rows)
        {
            IpCacheKey key = IpCacheKey.Of(row.Prefix);
            if (!deleted)
            {
                transaction.Upsert(_table, row);
            }
            else if (keep?.Contains(key) != true && transaction.View(_table).Find(key)?.Owner == row.Owner)
            {
                transaction.Delete(_table, key);
            }
        }

        transaction.Commit();
    }

    private void Replace(IEnumerable<IpCacheRow> rows, string source)
    {
        using WriteTransaction transaction = _table.Db.Write(_table);
        transaction.Replace(_table, rows, r => r.Source == source);
        transaction.Commit();
    }

    private static IEnumerable<IpCacheRow> Rows(EndpointRow row) =>
        row.Addresses.Select(a => new IpCacheRow(Single(a), row.State.Identity, null, default, "endpoint-local", row.Attachment));

    private static IEnumerable<IpCacheRow> Rows(CiliumEndpoint endpoint, LocalNode node)
    {
        // Own pods come from the table of endpoints, which is older news to nobody.
        if (endpoint.Status is not { Networking: { Node: { } at } networking, Identity: { } identity } || !IPAddress.TryParse(at, out IPAddress? tunnel)
            || tunnel.Equals(node.Ipv4) || tunnel.Equals(node.Ipv6))
        {
            return [];
        }

        return networking.Addressing.SelectMany(p => new[] { p.Ipv4, p.Ipv6 }).Select(t => IPAddress.TryParse(t, out IPAddress? a) ? a : null).OfType<IPAddress>()
            .Select(a => new IpCacheRow(Single(a), (uint)identity.Id, tunnel, default, "endpoint", endpoint.Key.ToString()));
    }

    private static IEnumerable<IpCacheRow> Rows(NodeRow row)
    {
        uint identity = row.IsLocal ? Reserved.Host : Reserved.RemoteNode;
        foreach (IPAddress address in new[] { row.Ipv4, row.Ipv6 }.OfType<IPAddress>())
        {
            yield return new IpCacheRow(Single(address), identity, null, IpcacheFlags.Node, "node", row.Name);
        }

        foreach (IPAddress router in new[] { row.Router4, row.Router6 }.OfType<IPAddress>())
        {
            yield return new IpCacheRow(Single(router), identity, row.IsLocal ? null : row.TunnelAddress, default, "node", row.Name);
        }

        foreach (IPNetwork prefix in row.IsLocal ? [] : row.PodPrefixes)
        {
            yield return new IpCacheRow(prefix, Reserved.World, row.TunnelAddress, default, "node", row.Name);
        }
    }

    private static IPNetwork Single(IPAddress address) => new(address, address.AddressFamily == System.Net.Sockets.AddressFamily.InterNetwork ? 32 : 128);
}
