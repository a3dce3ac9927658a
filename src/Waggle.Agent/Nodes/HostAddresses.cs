using System.Net;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Waggle.Agent.Datapath;
using Waggle.Agent.Endpoints;
using Waggle.Agent.Startup;
using Waggle.Datapath.Abi;
using Waggle.Netlink;
using Waggle.State.Reconciling;
using Waggle.State.Tables;
using Reserved = Waggle.Agent.Identities.ReservedIdentity;

namespace Waggle.Agent.Nodes;

/// <summary>An address of this node.</summary>
public sealed record HostAddressRow(string Address, string Device);

/// <summary>Table <c>node-addresses</c>.</summary>
public sealed class HostAddressTable(StateDb db) : Table<string, HostAddressRow>(db, "node-addresses", r => r.Address, [new("Address", r => r.Address), new("Device", r => r.Device)]);

/// <summary>The node's devices → table <c>node-addresses</c>, kept up to date by the kernel's notifications.</summary>
internal sealed partial class HostAddressSource : BackgroundService
{
    private readonly HostAddressTable _table;
    private readonly EndpointTable _endpoints;
    private readonly Rtnl _netlink;
    private readonly Readiness _readiness;
    private readonly ILogger _logger;
    private readonly TableInitializer _initialized;

    public HostAddressSource(HostAddressTable table, EndpointTable endpoints, Rtnl netlink, Readiness readiness, ILogger<HostAddressSource> logger)
    {
        (_table, _endpoints, _netlink, _readiness, _logger) = (table, endpoints, netlink, readiness, logger);
        _initialized = table.RegisterInitializer("addresses");
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        await _readiness.Datapath.WaitAsync(stoppingToken).ConfigureAwait(false);
        using RtnlMonitor monitor = RtnlMonitor.Open(RtnlGroups.Addresses);
        await ReadAsync(stoppingToken).ConfigureAwait(false);
        _initialized.Complete();
        await foreach (RtnlEvent change in monitor.ReadAllAsync(stoppingToken).ConfigureAwait(false))
        {
            if (change is AddressEvent or ResyncEvent)
            {
                await ReadAsync(stoppingToken).ConfigureAwait(false);
            }
        }
    }

    private async Task ReadAsync(CancellationToken cancellation)
    {
        try
        {
            Dictionary<int, string> names = (await _netlink.Links.ListAsync(cancellation: cancellation).ConfigureAwait(false)).ToDictionary(l => l.Index, l => l.Name);
            IReadOnlyList<InterfaceAddress> addresses = await _netlink.Addresses.ListAsync(cancellation: cancellation).ConfigureAwait(false);
            var rows = addresses.Where(a => !IPAddress.IsLoopback(a.Address) && !a.Address.IsIPv6LinkLocal).Select(a => new HostAddressRow(a.Address.ToString(), names.GetValueOrDefault(a.LinkIndex) ?? ""))
                .DistinctBy(r => r.Address);
            using WriteTransaction transaction = _table.Db.Write(_table);
            transaction.Replace(_table, rows);
            transaction.Commit();
        }
        catch (NetlinkException e)
        {
            LogFailed(e.Message);
        }
    }

    [LoggerMessage(1061, LogLevel.Warning, "the node's addresses cannot be read: {Problem}")]
    private partial void LogFailed(string problem);
}

/// <summary>Table <c>node-addresses</c> → rows of map <c>endpoints</c> that say "the node itself".</summary>
internal sealed class HostAddressTarget(DatapathState datapath) : IReconcilerTarget<HostAddressRow>
{
    private static readonly EndpointInfo Host = new() { Identity = Reserved.Host, Flags = (uint)EndpointFlags.Host, PolicySubject = Policy.PolicyLoop.HostSubject };

    public ValueTask UpdateAsync(Snapshot snapshot, HostAddressRow row, CancellationToken cancellation)
    {
        datapath.Maps.Endpoints.Update(Key(row), Host);
        datapath.Maps.ForwardingChanged();
        return ValueTask.CompletedTask;
    }

    public ValueTask DeleteAsync(Snapshot snapshot, HostAddressRow row, CancellationToken cancellation)
    {
        if (datapath.Maps.Endpoints.TryLookup(Key(row), out EndpointInfo info) && (info.Flags & (uint)EndpointFlags.Host) != 0)
        {
            datapath.Maps.Endpoints.Delete(Key(row));
            datapath.Maps.ForwardingChanged();
        }

        return ValueTask.CompletedTask;
    }

    public ValueTask PruneAsync(Snapshot snapshot, IReadOnlyCollection<HostAddressRow> desired, CancellationToken cancellation)
    {
        HashSet<EndpointKey> wanted = [.. desired.Select(Key)];
        foreach ((EndpointKey key, EndpointInfo info) in datapath.Maps.Endpoints.Entries().ToArray())
        {
            if ((info.Flags & (uint)EndpointFlags.Host) != 0 && !wanted.Contains(key))
            {
                datapath.Maps.Endpoints.Delete(key);
            }
        }

        datapath.Maps.ForwardingChanged();
        return ValueTask.CompletedTask;
    }

    private static EndpointKey Key(HostAddressRow row) => new() { Address = Address.From(IPAddress.Parse(row.Address)) };
}
