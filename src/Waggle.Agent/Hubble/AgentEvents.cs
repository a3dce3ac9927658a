using System.Net;
using Waggle.Agent.Endpoints;
using Waggle.Agent.IpCache;
using Waggle.Agent.Policy;
using Waggle.Agent.Services;
using Waggle.Hubble.Codec;
using Waggle.Hubble.Observing;
using Waggle.Hubble.Protocol.Flows;

namespace Waggle.Agent.Hubble;

/// <summary>What the agent does, told to clients that ask for agent events.</summary>
internal sealed class AgentEvents(FlowObserver observer)
{
    private readonly Lock _lock = new();
    private readonly HashSet<int> _created = [];
    private readonly Dictionary<int, AgentEvent> _early = [];
    private readonly Dictionary<IpCacheKey, IpCacheRow> _addresses = [];

    public void Started() => Add(new AgentEvent { Type = AgentEventType.AgentStarted, AgentStart = new TimeNotification { Time = FlowEncoder.Time(FlowClock.NowNs()) } });

    public void EndpointCreated(EndpointRow row)
    {
        lock (_lock)
        {
            _created.Add(row.Id);
            Add(new AgentEvent { Type = AgentEventType.EndpointCreated, EndpointUpdate = Endpoint(row) });
            if (_early.Remove(row.Id, out AgentEvent? waiting))
            {
                Add(waiting);
            }
        }
    }

    public void EndpointDeleted(EndpointRow row)
    {
        lock (_lock)
        {
            _created.Remove(row.Id);
            _early.Remove(row.Id);
            Add(new AgentEvent { Type = AgentEventType.EndpointDeleted, EndpointUpdate = Endpoint(row) });
        }
    }

    /// <summary>An endpoint got the policy that it should have, or did not. Told after its creation, whoever is quicker.</summary>
    public void EndpointRegenerated(EndpointRow row, string problem)
    {
        var item = new AgentEvent
        {
            Type = problem.Length == 0 ? AgentEventType.EndpointRegenerateSuccess : AgentEventType.EndpointRegenerateFailure,
            EndpointRegenerate = new EndpointRegenNotification { Id = (ulong)row.Id, Labels = { row.State.Labels }, Error = problem },
        };
        lock (_lock)
        {
            if (_created.Contains(row.Id))
            {
                Add(item);
            }
            else
            {
                _early[row.Id] = item;
            }
        }
    }

    /// <summary>A policy came into force as it is now, or is gone.</summary>
    public void Policy(PolicyRow policy, long revision, bool deleted)
    {
        var key = policy.Parsed.Key;
        Add(new AgentEvent
        {
            Type = deleted ? AgentEventType.PolicyDeleted : AgentEventType.PolicyUpdated,
            PolicyUpdate = new PolicyUpdateNotification
            {
                Revision = (ulong)revision, RuleCount = policy.Parsed.Rules.Length,
                Labels =
                {
                    $"k8s:io.cilium.k8s.policy.derived-from={key.Kind}", $"k8s:io.cilium.k8s.policy.name={key.Name}", $"k8s:io.cilium.k8s.policy.namespace={key.Namespace}", $"k8s:io.cilium.k8s.policy.uid={policy.Parsed.Uid}",
                },
            },
        });
    }

    public void IpCache(IpCacheRow row, bool deleted)
    {
        var key = IpCacheKey.Of(row.Prefix);
        IpCacheRow? before;
        lock (_lock)
        {
            _addresses.TryGetValue(key, out before);
            if (deleted)
            {
                _addresses.Remove(key);
            }
            else
            {
                _addresses[key] = row;
            }
        }

        // The owner of a remote pod's address is named "namespace/pod".
        string[] owner = row.Source == "endpoint" && row.Owner.Contains('/', StringComparison.Ordinal) ? row.Owner.Split('/', 2) : ["", ""];
        Add(new AgentEvent
        {
            Type = deleted ? AgentEventType.IpcacheDeleted : AgentEventType.IpcacheUpserted,
            IpcacheUpdate = new IPCacheNotification
            {
                Cidr = row.Prefix.ToString(), Identity = row.Identity, HostIp = row.Tunnel?.ToString() ?? "", Namespace = owner[0], PodName = owner[1],
                OldIdentity = deleted ? null : before?.Identity, OldHostIp = deleted ? "" : before?.Tunnel?.ToString() ?? "",
            },
        });
    }

    /// <summary>A Service is reached at an address, or what stands behind it changed.</summary>
    public void ServiceUpserted(ServiceFrontend row) => Add(new AgentEvent
    {
        Type = AgentEventType.ServiceUpserted,
        ServiceUpsert = new ServiceUpsertNotification
        {
            Id = row.Id, Name = row.Key.Name, Namespace = row.Key.Namespace, Type = row.Type, ExtTrafficPolicy = row.ExternalPolicy, IntTrafficPolicy = row.InternalPolicy,
            FrontendAddress = Socket(row.Key.Frontend.Address, row.Key.Frontend.Port), BackendAddresses = { row.Backends.Select(b => Socket(b.Address, b.Port)) },
        },
    });

    /// <summary>A Service is reached at an address no more.</summary>
    public void ServiceDeleted(ServiceFrontend row) => Add(new AgentEvent { Type = AgentEventType.ServiceDeleted, ServiceDelete = new ServiceDeleteNotification { Id = row.Id } });

    private static ServiceUpsertNotificationAddr Socket(IPAddress address, int port) => new() { Ip = address.ToString(), Port = (uint)port };

    private static EndpointUpdateNotification Endpoint(EndpointRow row) => new()
    {
        Id = (ulong)row.Id, Namespace = row.State.Namespace, PodName = row.State.Pod, Labels = { row.State.Labels },
    };

    private void Add(AgentEvent item) => observer.AgentEvents.Add(FlowClock.NowNs(), item);
}
