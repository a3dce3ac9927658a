using Waggle.Hubble.Protocol.Observers;
using Waggle.Hubble.Protocol.Relayed;
using Waggle.Hubble.Rpc;

namespace Waggle.Hubble.Relay;

/// <summary>The observer's streams for those who handle what is in the answers as bytes; on the wire they are the same methods.</summary>
public static class RelayedMethods
{
    /// <summary>Flows.</summary>
    public static RpcMethod<GetFlowsRequest, RelayedFlow> GetFlows { get; } = new(HubbleMethods.ObserverService, "GetFlows", GetFlowsRequest.Parser, RelayedFlow.Parser);

    /// <summary>Events of agents: the event stands where an answer with flows has its flow, and so do node and time.</summary>
    public static RpcMethod<GetAgentEventsRequest, RelayedFlow> GetAgentEvents { get; } = new(HubbleMethods.ObserverService, "GetAgentEvents", GetAgentEventsRequest.Parser, RelayedFlow.Parser);

    /// <summary>Debug events, which lie in their answers as flows do, too.</summary>
    public static RpcMethod<GetDebugEventsRequest, RelayedFlow> GetDebugEvents { get; } = new(HubbleMethods.ObserverService, "GetDebugEvents", GetDebugEventsRequest.Parser, RelayedFlow.Parser);
}
