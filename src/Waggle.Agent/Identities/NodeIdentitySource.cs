using System.Net;
using Microsoft.Extensions.Hosting;
using Waggle.Agent.Config;
using Waggle.Agent.Datapath;
using Waggle.Agent.Nodes;
using Waggle.Agent.Startup;
using Waggle.Datapath.Abi;
using Waggle.State.Tables;
using Signal = Waggle.Hosting.Loops.Signal;

namespace Waggle.Agent.Identities;

/// <summary>Labels of other nodes → tables <c>identities</c> and <c>node-identities</c>, when <c>enable-node-selector-labels</c> is set.</summary>
/// <remarks>A node whose labels change gets another number: its addresses move once every policy knows the new one, and the old one rests until then and a while longer.</remarks>
internal sealed class NodeIdentitySource : BackgroundService
{
    private static readonly TimeSpan Rest = TimeSpan.FromSeconds(60);
    private readonly NodeTable _nodes;
    private readonly ApiServerTable _apiServers;
    private readonly IdentityTable _identities;
    private readonly NodeIdentityTable _table;
    private readonly DatapathState _datapath;
    private readonly ConfigState _config;
    private readonly Readiness _readiness;
    private readonly TimeProvider _time;
    private readonly TableInitializer _initialized, _identitiesInitialized;
    private readonly NodeIdentities _numbers = new();
    private readonly Dictionary<uint, long> _retired = [];
    private readonly Signal _changed = new();

    public NodeIdentitySource(
        NodeTable nodes, ApiServerTable apiServers, IdentityTable identities, NodeIdentityTable table, DatapathState datapath, ConfigState config, Readiness readiness, TimeProvider time)
    {
        (_nodes, _apiServers, _identities, _table, _datapath, _config, _readiness, _time) = (nodes, apiServers, identities, table, datapath, config, readiness, time);
        (_initialized, _identitiesInitialized) = (table.RegisterInitializer("nodes"), identities.RegisterInitializer("nodes"));
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        if (!_config.Current.Flag("enable-node-selector-labels"))
        {
            Complete();
            return;
        }

        await Task.WhenAll(_readiness.Datapath, _readiness.Sources).WaitAsync(stoppingToken).ConfigureAwait(false);
        await _nodes.WaitInitializedAsync(stoppingToken).ConfigureAwait(false);
        foreach ((IpcacheKey key, IpcacheEntry entry) in _datapath.Maps.Ipcache.Entries())
        {
            if (entry.Identity is >= NodeIdentities.First and <= NodeIdentities.Last && key.Address.ToIPAddress() is { } address)
            {
                _numbers.Restore(address, entry.Identity);
            }
        }

        LabelFilter filter = LabelFilter.OfNodes(_config.Current["node-labels"]);
        Publish(filter);
        _numbers.EndRestoring();
        Complete();
        _ = ForwardAsync(_nodes, stoppingToken);
        _ = ForwardAsync(_apiServers, stoppingToken);
        while (true)
        {
            await _changed.WaitAsync(Rest, _time, stoppingToken).ConfigureAwait(false);
            Publish(filter);
        }
    }

    private void Complete()
    {
        _identitiesInitialized.Complete();
        _initialized.Complete();
    }

    private void Publish(LabelFilter filter)
    {
        var rows = new List<NodeIdentityRow>();
        using WriteTransaction transaction = _table.Db.Write(_table, _identities);
        foreach (NodeRow node in _nodes.View.All().Where(n => !n.IsLocal))
        {
            string[] labels = LabelsOf(node, filter);
            uint number = _numbers.NumberOf(labels, Addresses(node));
            transaction.Upsert(_identities, new IdentityRow(number, labels));
            rows.Add(new NodeIdentityRow(node.Name, number));
        }

        HashSet<uint> used = [.. rows.Select(r => r.Identity)];
        foreach (uint gone in _table.View.All().Select(r => r.Identity).Where(i => !used.Contains(i)))
        {
            _retired.TryAdd(gone, _time.GetTimestamp());
        }

        foreach ((uint number, long since) in _retired.ToArray())
        {
            if (used.Contains(number))
            {
                _retired.Remove(number);
            }
            else if (_time.GetElapsedTime(since) >= Rest)
            {
                _retired.Remove(number);
                _numbers.Release(number);
                transaction.Delete(_identities, number);
            }
        }

        transaction.Replace(_table, rows);
        transaction.Commit();
    }

    private string[] LabelsOf(NodeRow node, LabelFilter filter)
    {
        var labels = new SortedSet<string>(StringComparer.Ordinal) { "reserved:remote-node" };
        if (new[] { node.Ipv4, node.Ipv6 }.OfType<IPAddress>().Any(_apiServers.Contains))
        {
            labels.Add("reserved:kube-apiserver");
        }

        foreach (string label in node.Labels)
        {
            if (filter.Takes(label[..label.IndexOf('=', StringComparison.Ordinal)]))
            {
                labels.Add($"node:{label}");
            }
        }

        return [.. labels];
    }

    private static IEnumerable<IPAddress> Addresses(NodeRow node) => new[] { node.Ipv4, node.Ipv6, node.Router4, node.Router6 }.OfType<IPAddress>();

    private async Task ForwardAsync(Table table, CancellationToken cancellation)
    {
        for (ulong seen = table.Revision; !cancellation.IsCancellationRequested; seen = table.Revision)
        {
            _changed.Set();
            await table.WaitForChangeAsync(seen, cancellation).ConfigureAwait(false);
        }
    }
}
