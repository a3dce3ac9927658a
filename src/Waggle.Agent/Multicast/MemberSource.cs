using System.Collections.Concurrent;
using System.Net.Sockets;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Waggle.Agent.Datapath;
using Waggle.Agent.Endpoints;
using Waggle.Agent.Monitor;
using Waggle.Agent.Nodes;
using Waggle.Agent.Startup;
using Waggle.Bpf;
using Waggle.Datapath.Abi;
using Waggle.Datapath.Maps;
using Waggle.State.Tables;
using Signal = Waggle.Hosting.Loops.Signal;

namespace Waggle.Agent.Multicast;

/// <summary>Memberships in the datapath → table <c>multicast-members</c>: at once by events, and by a look at all of them now and then.</summary>
/// <remarks>The datapath is the truth: it learns members by itself, also while no agent runs. The table follows it, never the other way.</remarks>
internal sealed partial class MemberSource : BackgroundService
{
    private static readonly TimeSpan FullScan = TimeSpan.FromSeconds(10);
    private readonly DatapathState _datapath;
    private readonly MemberTable _table;
    private readonly EndpointTable _endpoints;
    private readonly NodeTable _nodes;
    private readonly EventHub _hub;
    private readonly Querier _querier;
    private readonly Readiness _readiness;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly TableInitializer _initialized;
    private readonly ConcurrentDictionary<(Address Group, uint Slot), bool> _changed = new();
    private readonly Signal _signal = new();

    public MemberSource(
        DatapathState datapath, MemberTable table, EndpointTable endpoints, NodeTable nodes, EventHub hub, Querier querier, Readiness readiness, TimeProvider time, ILogger<MemberSource> logger)
    {
        (_datapath, _table, _endpoints, _nodes, _hub, _querier, _readiness, _time, _logger) = (datapath, table, endpoints, nodes, hub, querier, readiness, time, logger);
        _initialized = table.RegisterInitializer("datapath");
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        await Task.WhenAll(_readiness.Datapath, _readiness.Endpoints).WaitAsync(stoppingToken).ConfigureAwait(false);
        _hub.Membership += OnNotice;
        try
        {
            for (long scanned = 0; ;)
            {
                try
                {
                    if (scanned == 0 || _time.GetElapsedTime(scanned) >= FullScan)
                    {
                        ScanAll();
                        scanned = _time.GetTimestamp();
                        _initialized.Complete();
                    }

                    ApplyChanged();
                }
                catch (BpfException e)
                {
                    LogFailed(e.Message);
                }

                await _signal.WaitAsync(FullScan, _time, stoppingToken).ConfigureAwait(false);
            }
        }
        finally
        {
            _hub.Membership -= OnNotice;
        }
    }

    /// <summary>Looks at one member again; for those who changed it from user space.</summary>
    public void Look(Address group, uint slot)
    {
        _changed[(group, slot)] = true;
        _signal.Set();
    }

    private void OnNotice(MembershipNotice notice)
    {
        Look(notice.Group, notice.Slot);
        if (notice.Change == MembershipChange.Leaving)
        {
            _querier.OnLeaving(notice);
        }
    }

    private void ApplyChanged()
    {
        if (_changed.IsEmpty)
        {
            return;
        }

        DatapathMaps maps = _datapath.Maps;
        var rows = new List<(MemberKey Key, MemberRow? Row)>();
        foreach ((Address group, uint slot) in _changed.Keys)
        {
            _changed.TryRemove((group, slot), out _);
            var key = new McastJoinKey { Group = group, Slot = slot };
            rows.Add((new MemberKey(GroupKey.Of(group), slot), maps.McastJoins.TryLookup(key, out McastJoin join) ? RowOf(maps, key, join) : null));
        }

        using WriteTransaction transaction = _table.Db.Write(_table);
        foreach ((MemberKey key, MemberRow? row) in rows)
        {
            if (row is null)
            {
                transaction.Delete(_table, key);
            }
            else
            {
                transaction.Upsert(_table, row);
            }
        }

        transaction.Commit();
    }

    private void ScanAll()
    {
        DatapathMaps maps = _datapath.Maps;
        var rows = new List<MemberRow>();
        foreach ((McastJoinKey key, McastJoin join) in maps.McastJoins.Entries())
        {
            if (RowOf(maps, key, join) is { } row)
            {
                rows.Add(row);
            }
        }

        using WriteTransaction transaction = _table.Db.Write(_table);
        transaction.Replace(_table, rows);
        transaction.Commit();
    }

    private MemberRow? RowOf(DatapathMaps maps, in McastJoinKey key, in McastJoin join)
    {
        if (!maps.McastSlots.TryLookup(key.Slot, out McastSlot slot) || slot.Kind == (uint)SlotKind.Free || key.Group.ToIPAddress() is not { } group)
        {
            return null;
        }

        bool local = slot.Kind == (uint)SlotKind.Local;
        Address address = !local ? slot.Tunnel : group.AddressFamily == AddressFamily.InterNetworkV6 && !slot.Ipv6.IsNone || slot.Ipv4.IsNone ? slot.Ipv6 : slot.Ipv4;
        string name = local
            ? _endpoints.View.FindBy(_endpoints.BySlot, (int)key.Slot)?.PodKey ?? ""
            : _nodes.View.FindBy(_nodes.BySlot, (int)key.Slot)?.Name ?? "";
        return new MemberRow(
            GroupKey.Of(key.Group), group.ToString(), key.Slot, local ? "local" : "remote", name, address.ToString(), (MembershipCompat)join.Compat, (FilterMode)join.FilterMode,
            join.Sources == 0 ? [] : SourcesOf(maps, key), (join.Flags & (byte)JoinFlags.Leaving) != 0);
    }

    private static string[] SourcesOf(DatapathMaps maps, in McastJoinKey key)
    {
        if (!maps.McastSources.TryLookup(key, out McastSourceList list))
        {
            return [];
        }

        var sources = new List<string>();
        for (int i = 0; i < Math.Min(list.Count, AbiConstants.McastMaxSources); i++)
        {
            sources.Add(list.Sources[i].ToString());
        }

        sources.Sort(StringComparer.Ordinal);
        return [.. sources];
    }

    [LoggerMessage(1092, LogLevel.Warning, "memberships cannot be read: {Problem}")]
    private partial void LogFailed(string problem);
}
