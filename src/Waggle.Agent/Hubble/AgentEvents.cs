using Waggle.Agent.Endpoints;
using Waggle.Agent.IpCache;
using Waggle.Hubble.Codec;
using Waggle.Hubble.Observing;
using Waggle.Hubble.Protocol.Flows;

namespace Waggle.Agent.Hubble;

/// <summary>What the agent does, told to clients that ask for agent events.</summary>
internal sealed class AgentEvents(FlowObserver observer)
{
    public void Started() => Add(new AgentEvent { Type = AgentEventType.AgentStarted, AgentStart = new TimeNotification { Time = FlowEncoder.Time(FlowClock.NowNs()) } });

    public void EndpointCreated(EndpointRow row) => Add(new AgentEvent { Type = AgentEventType.EndpointCreated, EndpointUpdate = Endpoint(row) });

    public void EndpointDeleted(EndpointRow row) => Add(new AgentEvent { Type = AgentEventType.EndpointDeleted, EndpointUpdate = Endpoint(row) });

    public void IpCache(IpCacheRow row, bool deleted)
    {
        // The owner of a remote pod's address is named "namespace/pod".
        string[] owner = row.Source == "endpoint" && row.Owner.Contains('/', StringComparison.Ordinal) ? row.Owner.Split('/', 2) : ["", ""];
        Add(new AgentEvent
        {
            Type = deleted ? AgentEventType.IpcacheDeleted : AgentEventType.IpcacheUpserted,
            IpcacheUpdate = new IPCacheNotification { Cidr = row.Prefix.ToString(), Identity = row.Identity, HostIp = row.Tunnel?.ToString() ?? "", Namespace = owner[0], PodName = owner[1] },
        });
    }

    private static EndpointUpdateNotification Endpoint(EndpointRow row) => new()
    {
        Id = (ulong)row.Id, Namespace = row.State.Namespace, PodName = row.State.Pod, Labels = { row.State.Labels },
    };

    private void Add(AgentEvent item) => observer.AgentEvents.Add(FlowClock.NowNs(), item);
}
