using System.Net;
using Microsoft.Extensions.Hosting;
using Waggle.Agent.Config;
using Waggle.Agent.Endpoints;
using Waggle.Agent.Identities;
using Waggle.Agent.Kubernetes;
using Waggle.Agent.Nodes;
using Waggle.Agent.Startup;
using Waggle.Datapath.Abi;
using Waggle.Kube.Resources;
using Waggle.State.Tables;
using Reserved = Waggle.Agent.Identities.ReservedIdentity;

namespace Waggle.Agent.IpCache;

/// <summary>Own endpoints, CiliumEndpoints of other nodes, nodes and named prefixes → table <c>ipcache</c>.</summary>
/// <remarks>
/// A node's pod prefix is there too, with the tunnel to the node: a pod that is too new for its CiliumEndpoint to have arrived is
/// reached all the same, as <c>reserved:unmanaged</c>. A prefix that a policy names never hides what is known of pods and nodes.
/// </remarks>
internal sealed class IpCacheSources : BackgroundService
{
    private const string PrefixSource = "prefix";
    private readonly IpCacheTable _table;
    private readonly EndpointTable _endpoints;
    private readonly NodeTable _nodes;
    private readonly ApiServerTable _apiServers;
    private readonly CidrIdentityTable _cidrs;
    private readonly IdentityTable _identities;
    private readonly NodeIdentityTable _nodeIdentities;
    private readonly bool _tellsNodesApart;
    private readonly KubeSources _kube;
    private readonly Readiness _readiness;
    private readonly TableInitializer _initialized;

    public IpCacheSources(
        IpCacheTable table, EndpointTable endpoints, NodeTable nodes, ApiServerTable apiServers, CidrIdentityTable cidrs, IdentityTable identities, NodeIdentityTable nodeIdentities,
        ConfigState config, KubeSources kube, Readiness readiness)
    {
        (_table, _endpoints, _nodes, _apiServers, _cidrs, _identities, _nodeIdentities, _kube, _readiness) = (table, endpoints, nodes, apiServers, cidrs, identities, nodeIdentities, kube, readiness);
        _tellsNodesApart = config.Current.Flag("enable-node-selector-labels");
        _initialized = table.RegisterInitializer("endpoints, nodes and prefixes");
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        LocalNode node = await _readiness.Node.WaitAsync(stoppingToken).ConfigureAwait(false);
        await _nodeIdentities.WaitInitializedAsync(stoppingToken).ConfigureAwait(false);
        _kube.CiliumEndpoints.OnChange(change => OnRemote(change.Old, change.New, node));
        Task local = FollowEndpointsAsync(stoppingToken), nodes = FollowNodesAsync(_nodes, stoppingToken), identities = FollowNodesAsync(_nodeIdentities, stoppingToken), api = FollowNodesAsync(_apiServers, stoppingToken), cidrs = FollowPrefixesAsync(stoppingToken);
        await Task.WhenAll(_readiness.Sources, _readiness.Endpoints, _readiness.Policy).WaitAsync(stoppingToken).ConfigureAwait(false);

        // The followers above have taken every present row before their first wait; one more look makes it certain.
        Replace(_endpoints.View.All().SelectMany(Rows), "endpoint-local");
        Replace(_nodes.View.All().SelectMany(Rows), "node");
        ReplacePrefixes();
        _initialized.Complete();
        await Task.WhenAll(local, nodes, identities, api, cidrs).ConfigureAwait(false);
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

    private async Task FollowNodesAsync<TKey, TRow>(Table<TKey, TRow> table, CancellationToken cancellation)
        where TKey : notnull, IComparable<TKey>
        where TRow : class
    {
        await foreach (ChangeBatch<TRow> batch in table.WatchAsync(cancellation).ConfigureAwait(false))
        {
            if (!batch.IsEmpty)
            {
                Replace(_nodes.View.All().SelectMany(Rows), "node");
            }
        }
    }

    private async Task FollowPrefixesAsync(CancellationToken cancellation)
    {
        await foreach (ChangeBatch<CidrIdentityRow> batch in _cidrs.WatchAsync(cancellation).ConfigureAwait(false))
        {
            if (!batch.IsEmpty)
            {
                ReplacePrefixes();
            }
        }
    }

    private void ReplacePrefixes()
    {
        using WriteTransaction transaction = _table.Db.Write(_table);
        TableView<IpCacheKey, IpCacheRow> present = transaction.View(_table);
        IpCacheRow[] rows = [.. _cidrs.View.All().Where(c => present.Find(IpCacheKey.Of(c.Prefix)) is null or { Source: PrefixSource }).Select(Row)];
        transaction.Replace(_table, rows, r => r.Source == PrefixSource);
        transaction.Commit();
    }

    private void OnRemote(CiliumEndpoint? before, CiliumEndpoint? now, LocalNode node)
    {
        if (before is not null)
        {
            Apply(Rows(before, node), deleted: true, keep: now is null ? [] : [.. Rows(now, node).Select(r => IpCacheKey.Of(r.Prefix))]);
        }

        if (now is not null)
        {
            // The object of the identity may come later than that of the pod, which says the same.
            if (now.Status.Identity is { } identity && Reserved.IsAllocated((uint)identity.Id) && _identities.View.Find((uint)identity.Id) is null)
            {
                _identities.Upsert(new IdentityRow((uint)identity.Id, identity.Labels));
            }

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
                Uncover(transaction, key);
            }
        }

        transaction.Commit();
    }

    /// <summary>What a policy says of the prefix holds again once nothing better does.</summary>
    private void Uncover(WriteTransaction transaction, IpCacheKey key)
    {
        if (_cidrs.View.Find(key) is { } named)
        {
            transaction.Upsert(_table, Row(named));
        }
    }

    private void Replace(IEnumerable<IpCacheRow> rows, string source)
    {
        using WriteTransaction transaction = _table.Db.Write(_table);
        IpCacheKey[] before = [.. transaction.View(_table).All().Where(r => r.Source == source).Select(r => IpCacheKey.Of(r.Prefix))];
        transaction.Replace(_table, rows, r => r.Source == source);
        foreach (IpCacheKey key in before.Where(k => transaction.View(_table).Find(k) is null))
        {
            Uncover(transaction, key);
        }

        transaction.Commit();
    }

    private static IpCacheRow Row(CidrIdentityRow row) => new(row.Prefix, row.Identity, null, default, PrefixSource, row.Prefix.ToString());

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

    private IEnumerable<IpCacheRow> Rows(NodeRow row)
    {
        uint? own = row.IsLocal ? Reserved.Host : _nodeIdentities.View.Find(row.Name)?.Identity;
        if (own is null && _tellsNodesApart)
        {
            yield break; // its number comes in a moment: it must not pass for another meanwhile
        }

        uint identity = own ?? Reserved.RemoteNode;
        foreach (IPAddress address in new[] { row.Ipv4, row.Ipv6 }.OfType<IPAddress>())
        {
            yield return new IpCacheRow(Single(address), own is null && _apiServers.Contains(address) ? Reserved.KubeApiserver : identity, null, IpcacheFlags.Node, "node", row.Name);
        }

        foreach (IPAddress router in new[] { row.Router4, row.Router6 }.OfType<IPAddress>())
        {
            yield return new IpCacheRow(Single(router), identity, row.IsLocal ? null : row.TunnelAddress, default, "node", row.Name);
        }

        foreach (IPNetwork prefix in row.IsLocal ? [] : row.PodPrefixes)
        {
            yield return new IpCacheRow(prefix, Reserved.Unmanaged, row.TunnelAddress, default, "node", row.Name);
        }
    }

    private static IPNetwork Single(IPAddress address) => new(address, address.AddressFamily == System.Net.Sockets.AddressFamily.InterNetwork ? 32 : 128);
}
