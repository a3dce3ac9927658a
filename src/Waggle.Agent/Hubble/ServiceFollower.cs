using System.Net;
using Microsoft.Extensions.Hosting;
using Waggle.Agent.Services;
using Waggle.Hubble.Flows;
using Waggle.State.Tables;

namespace Waggle.Agent.Hubble;

/// <summary>Table <c>services</c> → names in flows, and agent events.</summary>
internal sealed class ServiceFollower(HubbleMetadata metadata, AgentEvents events, ServiceFrontendTable services) : BackgroundService
{
    // One object per Service as long as it has an address: filters remember what they said about it.
    private readonly Dictionary<(string Namespace, string Name), ServiceInfo> _names = [];
    private readonly HashSet<ServiceFrontendKey> _told = [];

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        await foreach (ChangeBatch<ServiceFrontend> batch in services.WatchAsync(stoppingToken).ConfigureAwait(false))
        {
            TableView<ServiceFrontendKey, ServiceFrontend> view = services.View;
            if (batch.Reset)
            {
                // Only where the gone ones were is known, so look at all of them again.
                foreach (ServiceFrontendKey key in _told.ToArray())
                {
                    Name(view, key.Frontend);
                }

                _told.RemoveWhere(k => view.Find(k) is null);
                foreach ((string Namespace, string Name) gone in _names.Keys.Where(n => !IsThere(view, n)).ToArray())
                {
                    _names.Remove(gone);
                }
            }

            foreach (Change<ServiceFrontend> change in batch.Changes)
            {
                Name(view, change.Row.Key.Frontend);
                if (!change.IsDeleted)
                {
                    _told.Add(change.Row.Key);
                    events.ServiceUpserted(change.Row);
                }
                else if (_told.Remove(change.Row.Key))
                {
                    events.ServiceDeleted(change.Row);
                }

                if (change.IsDeleted && !IsThere(view, (change.Row.Key.Namespace, change.Row.Key.Name)))
                {
                    _names.Remove((change.Row.Key.Namespace, change.Row.Key.Name));
                }
            }
        }
    }

    private bool IsThere(TableView<ServiceFrontendKey, ServiceFrontend> view, (string Namespace, string Name) service) => view.FindBy(services.ByService, $"{service.Namespace}/{service.Name}") is not null;

    /// <summary>Whose a frontend is now, and whose its address.</summary>
    private void Name(TableView<ServiceFrontendKey, ServiceFrontend> view, FrontendAddress frontend)
    {
        FlowAddress address = FlowAddress.From(frontend.Address);
        metadata.Services.Set(address, frontend.Port, frontend.Protocol, view.FindBy(services.ByFrontend, frontend) is { } row ? Of(row) : null);
        metadata.Services.Set(address, 0, 0, OnlyOne(view, frontend.Address));
    }

    /// <summary>A node's own address with a NodePort belongs to the node, and an address that several share to none of them.</summary>
    private ServiceInfo? OnlyOne(TableView<ServiceFrontendKey, ServiceFrontend> view, IPAddress address)
    {
        ServiceInfo? one = null;
        foreach (ServiceFrontend row in view.By(services.ByAddress, address))
        {
            ServiceInfo service = Of(row);
            if (row.Type == "NodePort" || (one is not null && !ReferenceEquals(one, service)))
            {
                return null;
            }

            one = service;
        }

        return one;
    }

    private ServiceInfo Of(ServiceFrontend row)
    {
        (string Namespace, string Name) key = (row.Key.Namespace, row.Key.Name);
        return _names.TryGetValue(key, out ServiceInfo? known) ? known : _names[key] = new ServiceInfo(key.Name, key.Namespace);
    }
}
