using Google.Protobuf;
using Waggle.Hubble.Protocol.Observers;
using Waggle.Hubble.Protocol.Relayed;
using Waggle.Hubble.Protocol.Relays;
using Waggle.Hubble.Rpc;
using Waggle.Hubble.Rpc.Server;

namespace Waggle.Hubble.Relay;

/// <summary>The service <c>observer.Observer</c> of the whole cluster.</summary>
/// <param name="pool">The nodes.</param>
/// <param name="options">Patience and bounds.</param>
/// <param name="name">Name of this relay, in what it says itself.</param>
/// <param name="version">Version text.</param>
/// <param name="time">Clock.</param>
public sealed class RelayObserver(RelayPool pool, RelayOptions options, string name, string version, TimeProvider time)
{
    private const int MaxParallelCalls = 64;
    private readonly long _started = time.GetTimestamp();

    /// <summary>Adds the service to a server.</summary>
    public void AddTo(RpcServer server)
    {
        server.Describe(ObserverReflection.Descriptor.Services[0]);
        server.AddServerStreaming(RelayedMethods.GetFlows, (request, writer, call) => JoinAsync(RelayQuestion.Of(request), writer, call));
        server.AddServerStreaming(RelayedMethods.GetAgentEvents, (request, writer, call) => JoinAsync(RelayQuestion.Of(request), writer, call));
        server.AddServerStreaming(RelayedMethods.GetDebugEvents, (request, writer, call) => JoinAsync(RelayQuestion.Of(request), writer, call));
        server.AddUnary(HubbleMethods.GetNodes, (_, call) => NodesAsync(call));
        server.AddUnary(HubbleMethods.GetNamespaces, (_, call) => NamespacesAsync(call));
        server.AddUnary(HubbleMethods.ServerStatus, (_, call) => StatusAsync(call));
    }

    private async Task<GetNodesResponse> NodesAsync(RpcServerCall call)
    {
        var response = new GetNodesResponse();
        foreach (var (node, status, _) in await AskAsync(HubbleMethods.ServerStatus, new ServerStatusRequest(), call).ConfigureAwait(false))
        {
            response.Nodes.Add(new Node
            {
                Name = node.Peer.Name,
                Address = node.Peer.Address,
                Version = status?.Version ?? "",
                State = status is null ? NodeState.NodeUnavailable : NodeState.NodeConnected,
                Tls = new TLS { Enabled = node.Peer.TlsServerName is not null, ServerName = node.Peer.TlsServerName ?? "" },
                UptimeNs = status?.UptimeNs ?? 0,
                NumFlows = status?.NumFlows ?? 0,
                MaxFlows = status?.MaxFlows ?? 0,
                SeenFlows = status?.SeenFlows ?? 0,
            });
        }

        return response;
    }

    private async Task<GetNamespacesResponse> NamespacesAsync(RpcServerCall call)
    {
        var answers = await AskAsync(HubbleMethods.GetNamespaces, new GetNamespacesRequest(), call).ConfigureAwait(false);
        var response = new GetNamespacesResponse();
        response.Namespaces.AddRange(answers.SelectMany(a => a.Answer?.Namespaces.AsEnumerable() ?? []).Select(n => (n.Cluster, n.Namespace_)).Distinct()
            .OrderBy(n => n.Cluster, StringComparer.Ordinal).ThenBy(n => n.Namespace_, StringComparer.Ordinal).Select(n => new Namespace { Cluster = n.Cluster, Namespace_ = n.Namespace_ }));
        return response;
    }

    private async Task<ServerStatusResponse> StatusAsync(RpcServerCall call)
    {
        var answers = await AskAsync(HubbleMethods.ServerStatus, new ServerStatusRequest(), call).ConfigureAwait(false);
        var response = new ServerStatusResponse
        {
            Version = version,
            UptimeNs = (ulong)time.GetElapsedTime(_started).Ticks * 100,
            NumConnectedNodes = (uint)answers.Count(a => a.Answer is not null),
            NumUnavailableNodes = (uint)answers.Count(a => a.Answer is null),
        };
        foreach (var (node, status, _) in answers)
        {
            if (status is null)
            {
                response.UnavailableNodes.Add(node.Peer.Name);
                continue;
            }

            response.NumFlows += status.NumFlows;
            response.MaxFlows += status.MaxFlows;
            response.SeenFlows += status.SeenFlows;
            response.FlowsRate += status.FlowsRate;
            response.LostEvents += status.LostEvents;
            response.MissedEvents += status.MissedEvents;
        }

        return response;
    }

    /// <summary>Asks all nodes at once; none may take longer than the limit.</summary>
    private async Task<IReadOnlyList<(RelayNode Node, TResponse? Answer, string Problem)>> AskAsync<TRequest, TResponse>(
        RpcMethod<TRequest, TResponse> method, TRequest request, RpcServerCall call)
        where TRequest : class, IMessage<TRequest>
        where TResponse : class, IMessage<TResponse>
    {
        using var gate = new SemaphoreSlim(MaxParallelCalls);
        return await Task.WhenAll(pool.Now.Nodes.Select(async node =>
        {
            if (node.Available == false)
            {
                return (node, (TResponse?)null, node.Problem);
            }

            await gate.WaitAsync(call.Cancellation).ConfigureAwait(false);
            try
            {
                return (node, await node.Channel.CallAsync(method, request, options.CallTimeout, call.Cancellation).ConfigureAwait(false), "");
            }
            catch (RpcException e)
            {
                return (node, null, e.Detail);
            }
            finally
            {
                gate.Release();
            }
        })).ConfigureAwait(false);
    }

    private async Task JoinAsync(RelayQuestion question, IRpcWriter<RelayedFlow> writer, RpcServerCall call)
    {
        using var stream = new RelayStream(pool, options, question, writer, call, name, time);
        await stream.RunAsync().ConfigureAwait(false);
    }
}
