using Google.Protobuf;
using Waggle.Hubble.Codec;
using Waggle.Hubble.Flows;
using Waggle.Hubble.Protocol.Flows;
using Waggle.Hubble.Protocol.Observers;
using Waggle.Hubble.Protocol.Relayed;
using Waggle.Hubble.Protocol.Relays;
using Waggle.Hubble.Relay;
using Waggle.Hubble.Ring;
using Waggle.Hubble.Rpc;
using Waggle.Hubble.Rpc.Server;

namespace Waggle.Hubble.Observing;

/// <summary>The service <c>observer.Observer</c> of one node.</summary>
public sealed class FlowObserver(FlowRing ring, NamespaceTracker namespaces, Func<ObserverOptions> about, TimeProvider time)
{
    private const int FlushBytes = 32 << 10;
    private readonly long _started = time.GetTimestamp();

    /// <summary>Events of the agent.</summary>
    public EventRing<AgentEvent> AgentEvents { get; } = new(1024);

    /// <summary>Debug events.</summary>
    public EventRing<DebugEvent> DebugEvents { get; } = new(4095);

    /// <summary>Number of clients that get flows now.</summary>
    public int Streams => Volatile.Read(ref _streams);

    /// <summary>Flows that slow clients missed so far.</summary>
    public ulong Missed => Volatile.Read(ref _missed);

    private int _streams;
    private ulong _missed;

    /// <summary>Adds the service to a server.</summary>
    public void AddTo(RpcServer server)
    {
        server.Describe(ObserverReflection.Descriptor.Services[0]);
        server.AddServerStreaming(RelayedMethods.GetFlows, GetFlowsAsync);
        server.AddServerStreaming(HubbleMethods.GetAgentEvents, (request, writer, call) => StreamAsync(
            AgentEvents, QueryWindow.Of(request), writer, call,
            (at, e) => new GetAgentEventsResponse { AgentEvent = e, NodeName = about().Node.Name, Time = FlowEncoder.Time(at) }));
        server.AddServerStreaming(HubbleMethods.GetDebugEvents, (request, writer, call) => StreamAsync(
            DebugEvents, QueryWindow.Of(request), writer, call,
            (at, e) => new GetDebugEventsResponse { DebugEvent = e, NodeName = about().Node.Name, Time = FlowEncoder.Time(at) }));
        server.AddUnary(HubbleMethods.GetNodes, (_, _) => Task.FromResult(Nodes()));
        server.AddUnary(HubbleMethods.GetNamespaces, (_, _) => Task.FromResult(NamespaceList()));
        server.AddUnary(HubbleMethods.ServerStatus, (_, _) => Task.FromResult(Status()));
    }

    /// <summary>How the observer is.</summary>
    public ServerStatusResponse Status() => new()
    {
        NumFlows = ring.Count,
        MaxFlows = (ulong)ring.Capacity,
        SeenFlows = ring.FlowsSeen,
        UptimeNs = UptimeNs,
        Version = about().Version,
        FlowsRate = FlowRate.Of(ring, NowNs),
        LostEvents = ring.EventsLost,
        MissedEvents = Missed,
    };

    private ulong UptimeNs => (ulong)time.GetElapsedTime(_started).Ticks * 100;

    private long NowNs => (time.GetUtcNow() - DateTimeOffset.UnixEpoch).Ticks * 100;

    /// <summary>Streams flows; ends when the request is answered, never for one that follows.</summary>
    public async Task GetFlowsAsync(GetFlowsRequest request, IRpcWriter<RelayedFlow> writer, RpcServerCall call)
    {
        var query = FlowQuery.Compile(request);
        using var until = UntilToken(query.Window, call.Cancellation);
        var cursor = new RingCursor(ring, query.Start(ring));
        using var frames = new RpcFrameBuffer();
        var last = ring.Newest;
        var sent = 0UL;
        Interlocked.Increment(ref _streams);
        try
        {
            while (sent < query.Window.Limit)
            {
                if (query.Window.Follow || cursor.Next <= last)
                {
                    if (Next(cursor, query, frames, ref sent))
                    {
                        if (frames.Length >= FlushBytes)
                        {
                            await SendAsync(writer, frames).ConfigureAwait(false);
                        }

                        continue;
                    }
                }

                if (!query.Window.Follow)
                {
                    break;
                }

                // Headers go out at once, so that the client knows that it is being served.
                await SendAsync(writer, frames).ConfigureAwait(false);
                await cursor.WaitAsync(until.Token).ConfigureAwait(false);
            }

            await SendAsync(writer, frames).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (until.IsCancellationRequested && !call.Cancellation.IsCancellationRequested)
        {
        }
        finally
        {
            Interlocked.Decrement(ref _streams);
        }
    }

    private static ValueTask SendAsync(IRpcWriter<RelayedFlow> writer, RpcFrameBuffer frames)
    {
        writer.WriteFrames(frames.Written);
        frames.Clear();
        return writer.FlushAsync();
    }

    /// <summary>One step: false when there is nothing to read now. What is wanted is appended to the frames.</summary>
    private bool Next(RingCursor cursor, FlowQuery query, RpcFrameBuffer frames, ref ulong sent)
    {
        var any = cursor.TryRead(out var record);
        if (cursor.TakeMissed() is var missed and > 0)
        {
            Interlocked.Add(ref _missed, missed);
            // The record that was read is read again next time.
            cursor.StepBack(any);
            var now = FlowEncoder.Time(NowNs);
            var lost = new LostEvent { Source = LostEventSource.HubbleRingBuffer, NumEventsLost = missed, First = now, Last = now };
            frames.Add(new RelayedFlow { LostEvents = lost.ToByteString(), NodeName = about().Node.Name, Time = now });
            return true;
        }

        if (!any)
        {
            return false;
        }

        if (query.Wants(record))
        {
            sent += record.Kind == FlowRecordKind.Flow ? 1UL : 0;
            ResponseFrame.Append(frames, record, query.Mask);
        }

        return true;
    }

    private CancellationTokenSource UntilToken(QueryWindow window, CancellationToken cancellation)
    {
        var source = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        if (window.Follow && window.UntilNs != long.MaxValue)
        {
            source.CancelAfter(TimeSpan.FromMilliseconds(Math.Clamp((window.UntilNs - NowNs) / 1e6, 0, 20d * 86400 * 1000)));
        }

        return source;
    }

    private GetNodesResponse Nodes()
    {
        var options = about();
        return new GetNodesResponse
        {
            Nodes =
            {
                new Node
                {
                    Name = options.Node.Name,
                    Version = options.Version,
                    Address = options.Address,
                    State = NodeState.NodeConnected,
                    Tls = new TLS { Enabled = options.Tls },
                    UptimeNs = UptimeNs,
                    NumFlows = ring.Count,
                    MaxFlows = (ulong)ring.Capacity,
                    SeenFlows = ring.FlowsSeen,
                },
            },
        };
    }

    private GetNamespacesResponse NamespaceList()
    {
        var response = new GetNamespacesResponse();
        response.Namespaces.AddRange(namespaces.List(NowNs).Select(n => new Namespace { Cluster = n.Cluster, Namespace_ = n.Namespace }));
        return response;
    }

    private async Task StreamAsync<TEvent, TResponse>(
        EventRing<TEvent> events, QueryWindow window, IRpcWriter<TResponse> writer, RpcServerCall call, Func<long, TEvent, TResponse> make)
        where TEvent : class
        where TResponse : class, IMessage<TResponse>
    {
        using var until = UntilToken(window, call.Cancellation);
        var (all, newest, more) = events.After(0);
        IEnumerable<(long TimeNs, TEvent Event)> wanted = all.Where(e => window.Contains(e.TimeNs));
        if (window.Number > 0)
        {
            var number = (int)Math.Min(window.Number, int.MaxValue);
            wanted = window.First ? wanted.Take(number) : wanted.TakeLast(number);
        }
        else if (window is { Follow: true, HasSince: false })
        {
            wanted = [];
        }

        while (true)
        {
            foreach (var (at, item) in wanted)
            {
                writer.Write(make(at, item));
            }

            await writer.FlushAsync().ConfigureAwait(false);
            if (!window.Follow)
            {
                return;
            }

            try
            {
                await more.WaitAsync(until.Token).ConfigureAwait(false);
            }
            catch (OperationCanceledException) when (!call.Cancellation.IsCancellationRequested)
            {
                return;
            }

            (all, newest, more) = events.After(newest);
            wanted = all.Where(e => e.TimeNs <= window.UntilNs);
        }
    }
}
