using System.Net;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Waggle.Agent.Kubernetes;
using Waggle.Agent.Nodes;
using Waggle.Agent.Startup;
using Waggle.State.Tables;

namespace Waggle.Agent.Services;

/// <summary>Services and EndpointSlices → table <c>services</c>.</summary>
internal sealed partial class ServiceFrontendSource(KubeSources kube, ServiceFrontendTable table, Readiness readiness, ILogger<ServiceFrontendSource> logger) : BackgroundService
{
    /// <summary>Rows in all; Services beyond it go without names.</summary>
    public const int MaxRows = 65536;

    /// <summary>Backends of one frontend that are kept.</summary>
    public const int MaxBackends = 1024;

    private readonly Lock _lock = new();
    private readonly Dictionary<string, ServiceSpec> _services = new(StringComparer.Ordinal);
    private readonly Dictionary<string, SortedDictionary<string, ServiceSlice>> _slices = new(StringComparer.Ordinal);
    private IReadOnlyList<IPAddress> _node = [];
    private uint _lastId;
    private bool _full;

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        LocalNode node = await readiness.Node.WaitAsync(stoppingToken).ConfigureAwait(false);
        _node = [.. new[] { node.Ipv4, node.Ipv6 }.OfType<IPAddress>()];
        kube.Services.OnChange(change =>
        {
            ServiceSpec service = ServiceSpec.Of(change.Object);
            lock (_lock)
            {
                if (change.IsDeleted)
                {
                    _services.Remove(service.Key);
                }
                else
                {
                    _services[service.Key] = service;
                }

                Publish(service.Key);
            }
        });
        kube.EndpointSlices.OnChange(change =>
        {
            ServiceSlice? before = change.Old is { } old ? ServiceSlice.Of(old) : null, now = change.New is { } present ? ServiceSlice.Of(present) : null;
            lock (_lock)
            {
                if (before is not null && _slices.TryGetValue(before.Service, out var slices) && slices.Remove(before.Name) && slices.Count == 0)
                {
                    _slices.Remove(before.Service);
                }

                if (now is not null)
                {
                    if (!_slices.TryGetValue(now.Service, out slices))
                    {
                        _slices[now.Service] = slices = new SortedDictionary<string, ServiceSlice>(StringComparer.Ordinal);
                    }

                    slices[now.Name] = now;
                }

                foreach (string service in new[] { before?.Service, now?.Service }.OfType<string>().Distinct())
                {
                    Publish(service);
                }
            }
        });
    }

    private void Publish(string key)
    {
        using WriteTransaction transaction = table.Db.Write(table);
        Dictionary<ServiceFrontendKey, ServiceFrontend> present = transaction.View(table).By(table.ByService, key).ToDictionary(r => r.Key);
        int others = transaction.View(table).Count - present.Count, room = MaxRows - others;
        if (_services.TryGetValue(key, out ServiceSpec? service))
        {
            foreach ((string type, ServicePort port, FrontendAddress frontend) in service.Frontends(_node))
            {
                if (room-- <= 0)
                {
                    Full(key);
                    break;
                }

                var row = new ServiceFrontendKey(service.Namespace, service.Name, frontend);
                uint id = present.Remove(row, out ServiceFrontend? old) ? old.Id : ++_lastId;
                transaction.Upsert(table, new ServiceFrontend(row, id, type, service.InternalPolicy, service.ExternalPolicy, BackendsOf(key, port, frontend)));
            }
        }

        foreach (ServiceFrontendKey gone in present.Keys)
        {
            transaction.Delete(table, gone);
        }

        transaction.Commit();
    }

    private IReadOnlyList<IPEndPoint> BackendsOf(string service, ServicePort port, FrontendAddress frontend) => !_slices.TryGetValue(service, out var slices) ? [] :
    [
        .. (from slice in slices.Values
            from number in slice.Ports
            where number.Name == port.Name && number.Protocol == port.Protocol
            from address in slice.Addresses
            where address.AddressFamily == frontend.Address.AddressFamily
            select new IPEndPoint(address, number.Port)).Distinct().OrderBy(b => b.Address, AddressOrder.Comparer).ThenBy(b => b.Port).Take(MaxBackends),
    ];

    private void Full(string service)
    {
        if (!_full)
        {
            _full = true;
            LogFull(MaxRows, service);
        }
    }

    [LoggerMessage(1097, LogLevel.Warning, "there are more than {Limit} addresses of Services: flows do not name all of them, the first left out is {Service}")]
    private partial void LogFull(int limit, string service);
}
