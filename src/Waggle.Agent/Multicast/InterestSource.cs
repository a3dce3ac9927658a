using System.Net;
using Microsoft.Extensions.Hosting;
using Waggle.Agent.Kubernetes;
using Waggle.Agent.Nodes;
using Waggle.Agent.Startup;
using Waggle.Datapath.Abi;
using Waggle.Kube.Resources;
using Waggle.State.Tables;
using Signal = Waggle.Hosting.Loops.Signal;

namespace Waggle.Agent.Multicast;

/// <summary>MulticastNodes → table <c>multicast-interest</c>; with groups and nodes → table <c>multicast-remote</c>.</summary>
internal sealed class InterestSource : BackgroundService
{
    private readonly KubeSources _kube;
    private readonly InterestTable _interest;
    private readonly RemoteJoinTable _remote;
    private readonly GroupTable _groups;
    private readonly NodeTable _nodes;
    private readonly ManualGroups _manual;
    private readonly AgentArguments _arguments;
    private readonly Readiness _readiness;
    private readonly TimeProvider _time;
    private readonly TableInitializer _initialized, _remoteInitialized;
    private readonly Signal _changed = new();

    public InterestSource(
        KubeSources kube, InterestTable interest, RemoteJoinTable remote, GroupTable groups, NodeTable nodes, ManualGroups manual, AgentArguments arguments, Readiness readiness, TimeProvider time)
    {
        (_kube, _interest, _remote, _groups, _nodes, _manual, _arguments, _readiness, _time) = (kube, interest, remote, groups, nodes, manual, arguments, readiness, time);
        _initialized = interest.RegisterInitializer("multicastnodes");
        _remoteInitialized = remote.RegisterInitializer("interest");
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        _kube.MulticastNodes.OnChange(change =>
        {
            MulticastNode node = change.Object;
            if (node.Metadata.Name is { } name && name != _arguments.NodeName)
            {
                using WriteTransaction transaction = _interest.Db.Write(_interest);
                transaction.Replace(_interest, change.IsDeleted ? [] : Rows(name, node), r => r.Node == name);
                transaction.Commit();
                _changed.Set();
            }
        });
        await _readiness.Sources.WaitAsync(stoppingToken).ConfigureAwait(false);
        _initialized.Complete();
        await Task.WhenAll(_interest.WaitInitializedAsync(stoppingToken), _groups.WaitInitializedAsync(stoppingToken), _nodes.WaitInitializedAsync(stoppingToken)).ConfigureAwait(false);
        _ = ForwardAsync(_groups, stoppingToken);
        _ = ForwardAsync(_nodes, stoppingToken);
        while (true)
        {
            Derive();
            _remoteInitialized.Complete();
            // Groups made by hand appear in the map only.
            await _changed.WaitAsync(TimeSpan.FromSeconds(10), _time, stoppingToken).ConfigureAwait(false);
        }
    }

    private async Task ForwardAsync(Table table, CancellationToken cancellation)
    {
        for (ulong seen = 0; ;)
        {
            await table.WaitForChangeAsync(seen, cancellation).ConfigureAwait(false);
            seen = table.Revision;
            _changed.Set();
        }
    }

    private void Derive()
    {
        Snapshot snapshot = _interest.Db.Read();
        TableView<string, NodeRow> nodes = snapshot.View(_nodes);
        TableView<GroupKey, GroupRow> groups = snapshot.View(_groups);
        IReadOnlySet<GroupKey> manual = _manual.Read();
        var rows = new List<RemoteJoinRow>();
        foreach (InterestRow interest in snapshot.View(_interest).All())
        {
            if (nodes.Find(interest.Node) is { IsLocal: false, Slot: >= 0 } node && (groups.Find(interest.Group) is not null || manual.Contains(interest.Group)))
            {
                rows.Add(new RemoteJoinRow(interest.Group, interest.GroupText, node.Slot, node.Name, interest.Sources));
            }
        }

        using WriteTransaction transaction = _remote.Db.Write(_remote);
        transaction.Replace(_remote, rows);
        transaction.Commit();
    }

    private static IEnumerable<InterestRow> Rows(string name, MulticastNode node) =>
        node.Spec.Groups.Select(g => IPAddress.TryParse(g.Group, out IPAddress? group) && GroupAddress.Check(group) is null ? new InterestRow(name, GroupKey.Of(group), group.ToString(), SourcesOf(g, group)) : null)
            .OfType<InterestRow>().DistinctBy(r => r.Group);

    /// <summary>What another node's object says is taken only when all of it can be: too much traffic is better than too little.</summary>
    private static string SourcesOf(MulticastInterest interest, IPAddress group)
    {
        List<IPAddress?> sources = [.. interest.Sources.Select(s => IPAddress.TryParse(s, out IPAddress? source) && source.AddressFamily == group.AddressFamily ? source : null)];
        return sources.Count > AbiConstants.McastMaxSources || sources.Contains(null) ? "" : string.Join(' ', sources.Select(s => s!.ToString()).Distinct().Order(StringComparer.Ordinal));
    }
}
