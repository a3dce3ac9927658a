using System.Net;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Waggle.Agent.Kubernetes;
using Waggle.Agent.Startup;
using Waggle.Kube.Resources;
using Waggle.State.Tables;

namespace Waggle.Agent.Multicast;

/// <summary>IsovalentMulticastGroups → table <c>multicast-groups</c>.</summary>
internal sealed partial class GroupSource : BackgroundService
{
    private readonly KubeSources _kube;
    private readonly GroupTable _table;
    private readonly Readiness _readiness;
    private readonly ILogger _logger;
    private readonly TableInitializer _initialized;

    public GroupSource(KubeSources kube, GroupTable table, Readiness readiness, ILogger<GroupSource> logger)
    {
        (_kube, _table, _readiness, _logger) = (kube, table, readiness, logger);
        _initialized = table.RegisterInitializer("isovalentmulticastgroups");
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        _kube.MulticastGroups.OnChange(_ => Publish());
        await _readiness.Sources.WaitAsync(stoppingToken).ConfigureAwait(false);
        Publish();
        _initialized.Complete();
    }

    private void Publish()
    {
        if (!_kube.MulticastGroups.HasSynced)
        {
            return;
        }

        var groups = new SortedDictionary<GroupKey, (IPAddress Group, SortedSet<string> Resources)>();
        foreach (IsovalentMulticastGroup resource in _kube.MulticastGroups.Objects.Values)
        {
            foreach (string text in resource.Spec.GroupAddrs)
            {
                // A real API server's schema refuses these; an older definition of the type may have let one through.
                if (!GroupAddress.TryParse(text, out IPAddress group, out string problem))
                {
                    LogRefused(resource.Key.ToString(), text, problem);
                    continue;
                }

                GroupKey key = GroupKey.Of(group);
                if (!groups.TryGetValue(key, out (IPAddress, SortedSet<string> Resources) entry))
                {
                    groups[key] = entry = (group, new SortedSet<string>(StringComparer.Ordinal));
                }

                entry.Resources.Add(resource.Key.ToString());
            }
        }

        using WriteTransaction transaction = _table.Db.Write(_table);
        transaction.Replace(_table, groups.Values.Select(g => new GroupRow(g.Group, [.. g.Resources])));
        transaction.Commit();
    }

    [LoggerMessage(1091, LogLevel.Warning, "IsovalentMulticastGroup {Resource}: {Group} {Problem}; it is not served")]
    private partial void LogRefused(string resource, string group, string problem);
}
