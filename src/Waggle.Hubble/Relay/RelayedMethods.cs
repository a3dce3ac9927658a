using Waggle.Hubble.Protocol.Observers;
using Waggle.Hubble.Protocol.Relayed;
using Waggle.Hubble.Rpc;

namespace Waggle.Hubble.Relay;

/// <summary>GetFlows for those who handle flows as bytes; on the wire it is the same method.</summary>
public static class RelayedMethods
{
    public static RpcMethod<GetFlowsRequest, RelayedFlow> GetFlows { get; } = new(HubbleMethods.ObserverService, "GetFlows", GetFlowsRequest.Parser, RelayedFlow.Parser);
}
