using Google.Protobuf;
using Waggle.Hubble.Codec;
using Waggle.Hubble.Observing;
using Waggle.Hubble.Protocol.Observers;
using Waggle.Hubble.Protocol.Relayed;
using Waggle.Hubble.Rpc;

namespace Waggle.Hubble.Relay;

/// <summary>What a client asks of all nodes; checked, so that a bad request is told once, by the relay, and not by every node.</summary>
internal sealed class RelayQuestion
{
    private readonly Func<RelayNode, long?, TimeSpan, CancellationToken, IAsyncEnumerable<RpcFrameReader>> _ask;

    private RelayQuestion(QueryWindow window, bool tellsNodes, Func<RelayNode, long?, TimeSpan, CancellationToken, IAsyncEnumerable<RpcFrameReader>> ask) =>
        (Window, TellsNodes, _ask) = (window, tellsNodes, ask);

    /// <summary>How many, and from when until when.</summary>
    public QueryWindow Window { get; }

    /// <summary>Whether the answer has room for the state of nodes.</summary>
    public bool TellsNodes { get; }

    /// <summary>Flows.</summary>
    /// <exception cref="RpcException">InvalidArgument, naming the field.</exception>
    public static RelayQuestion Of(GetFlowsRequest request) =>
        new(FlowQuery.Compile(request).Window, true, Asking(RelayedMethods.GetFlows, request, static (r, since) => (r.Number, r.First, r.Since) = (0, false, FlowEncoder.Time(since))));

    /// <summary>Events of agents.</summary>
    /// <exception cref="RpcException">InvalidArgument, naming the field.</exception>
    public static RelayQuestion Of(GetAgentEventsRequest request) =>
        new(QueryWindow.Of(request), false, Asking(RelayedMethods.GetAgentEvents, request, static (r, since) => (r.Number, r.First, r.Since) = (0, false, FlowEncoder.Time(since))));

    /// <summary>Debug events.</summary>
    /// <exception cref="RpcException">InvalidArgument, naming the field.</exception>
    public static RelayQuestion Of(GetDebugEventsRequest request) =>
        new(QueryWindow.Of(request), false, Asking(RelayedMethods.GetDebugEvents, request, static (r, since) => (r.Number, r.First, r.Since) = (0, false, FlowEncoder.Time(since))));

    /// <summary>Asks a node.</summary>
    /// <param name="node">The node.</param>
    /// <param name="sinceNs">Go on from here, ns since 1970, whatever the client asked for first; null: what the client asks for.</param>
    /// <param name="stall">A node that is silent for so long in the middle of a message is left, with DeadlineExceeded.</param>
    /// <param name="cancellation">Ends the stream.</param>
    public IAsyncEnumerable<RpcFrameReader> Ask(RelayNode node, long? sinceNs, TimeSpan stall, CancellationToken cancellation) => _ask(node, sinceNs, stall, cancellation);

    private static Func<RelayNode, long?, TimeSpan, CancellationToken, IAsyncEnumerable<RpcFrameReader>> Asking<TRequest>(RpcMethod<TRequest, RelayedFlow> method, TRequest request, Action<TRequest, long> goOn)
        where TRequest : class, IMessage<TRequest>, IDeepCloneable<TRequest> =>
        (node, sinceNs, stall, cancellation) =>
        {
            var ask = request;
            if (sinceNs is { } since)
            {
                ask = request.Clone();
                goOn(ask, since);
            }

            return node.Channel.StreamFramesAsync(method, ask, stall, cancellation);
        };
}
