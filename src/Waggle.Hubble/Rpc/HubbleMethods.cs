using Waggle.Hubble.Protocol.Observers;
using Waggle.Hubble.Protocol.Peers;
using Waggle.Hubble.Protocol.Recorders;
using V1 = Waggle.Hubble.Protocol.ReflectionV1;
using V1Alpha = Waggle.Hubble.Protocol.ReflectionV1alpha;

namespace Waggle.Hubble.Rpc;

/// <summary>The methods of all services that Hubble servers and clients speak.</summary>
public static class HubbleMethods
{
    /// <summary>Under this name, and no other, Hubble's clients ask how the observer is (<c>grpc.health.v1</c>), and its servers tell.</summary>
    public const string ObserverHealth = "hubble.server.Observer";

    public const string ObserverService = "observer.Observer";
    public const string PeerService = "peer.Peer";
    public const string RecorderService = "recorder.Recorder";
    public const string HealthService = "grpc.health.v1.Health";

    public static RpcMethod<GetFlowsRequest, GetFlowsResponse> GetFlows { get; } = new(ObserverService, "GetFlows", GetFlowsRequest.Parser, GetFlowsResponse.Parser);

    public static RpcMethod<GetAgentEventsRequest, GetAgentEventsResponse> GetAgentEvents { get; } = new(ObserverService, "GetAgentEvents", GetAgentEventsRequest.Parser, GetAgentEventsResponse.Parser);

    public static RpcMethod<GetDebugEventsRequest, GetDebugEventsResponse> GetDebugEvents { get; } = new(ObserverService, "GetDebugEvents", GetDebugEventsRequest.Parser, GetDebugEventsResponse.Parser);

    public static RpcMethod<GetNodesRequest, GetNodesResponse> GetNodes { get; } = new(ObserverService, "GetNodes", GetNodesRequest.Parser, GetNodesResponse.Parser);

    public static RpcMethod<GetNamespacesRequest, GetNamespacesResponse> GetNamespaces { get; } = new(ObserverService, "GetNamespaces", GetNamespacesRequest.Parser, GetNamespacesResponse.Parser);

    public static RpcMethod<ServerStatusRequest, ServerStatusResponse> ServerStatus { get; } = new(ObserverService, "ServerStatus", ServerStatusRequest.Parser, ServerStatusResponse.Parser);

    public static RpcMethod<NotifyRequest, ChangeNotification> Notify { get; } = new(PeerService, "Notify", NotifyRequest.Parser, ChangeNotification.Parser);

    public static RpcMethod<RecordRequest, RecordResponse> Record { get; } = new(RecorderService, "Record", RecordRequest.Parser, RecordResponse.Parser);

    public static RpcMethod<Protocol.Health.HealthCheckRequest, Protocol.Health.HealthCheckResponse> HealthCheck { get; } =
        new(HealthService, "Check", Protocol.Health.HealthCheckRequest.Parser, Protocol.Health.HealthCheckResponse.Parser);

    public static RpcMethod<Protocol.Health.HealthCheckRequest, Protocol.Health.HealthCheckResponse> HealthWatch { get; } =
        new(HealthService, "Watch", Protocol.Health.HealthCheckRequest.Parser, Protocol.Health.HealthCheckResponse.Parser);

    public static RpcMethod<V1.ServerReflectionRequest, V1.ServerReflectionResponse> ReflectionV1 { get; } =
        new("grpc.reflection.v1.ServerReflection", "ServerReflectionInfo", V1.ServerReflectionRequest.Parser, V1.ServerReflectionResponse.Parser);

    public static RpcMethod<V1Alpha.ServerReflectionRequest, V1Alpha.ServerReflectionResponse> ReflectionV1Alpha { get; } =
        new("grpc.reflection.v1alpha.ServerReflection", "ServerReflectionInfo", V1Alpha.ServerReflectionRequest.Parser, V1Alpha.ServerReflectionResponse.Parser);
}
