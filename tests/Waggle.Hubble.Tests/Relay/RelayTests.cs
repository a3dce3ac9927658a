using Waggle.Hubble.Codec;
using Waggle.Hubble.Protocol.Flows;
using Waggle.Hubble.Protocol.Observers;
using Waggle.Hubble.Protocol.Relays;
using Waggle.Hubble.Rpc;
using Waggle.Hubble.Tests.Shared;

namespace Waggle.Hubble.Tests.Relay;

public sealed class RelayTests
{
    private const long Base = 1_700_000_000_000_000_000;

    [Fact]
    public async Task GetFlows_OfTwoNodes_AreInTimeOrder()
    {
        await using var a = await TestServer.StartAsync(node: "a");
        await using var b = await TestServer.StartAsync(node: "b");
        for (var i = 0; i < 200; i++)
        {
            Write(i % 3 == 0 ? a : b, Base + i);
        }

        await using var relay = await TestRelay.StartAsync([new("a", a.SocketPath), new("b", b.SocketPath)]);
        var all = await relay.FlowsAsync(new GetFlowsRequest { Number = 1000, First = true });
        Assert.Equal(Enumerable.Range(0, 200).Select(i => i % 3 == 0 ? "a" : "b"), all.Select(f => f.NodeName));
        Assert.Equal(Enumerable.Range(150, 50).Select(i => Base + i), (await relay.FlowsAsync(new GetFlowsRequest { Number = 50 })).Select(f => FlowDecoder.Nanoseconds(f.Time)));
        Assert.Equal(Enumerable.Range(0, 5).Select(i => Base + i), (await relay.FlowsAsync(new GetFlowsRequest { Number = 5, First = true })).Select(f => FlowDecoder.Nanoseconds(f.Time)));
    }

    [Fact]
    public async Task GetFlows_WithADeadNode_ServesTheOthersAndTells()
    {
        await using var a = await TestServer.StartAsync(node: "a");
        Write(a, Base);
        await using var relay = await TestRelay.StartAsync([new("a", a.SocketPath), new("dead", "/nonexistent/hubble.sock")]);
        var (flows, events) = await relay.AllAsync(new GetFlowsRequest { Number = 10 });
        Assert.Equal("a", Assert.Single(flows).NodeName);
        Assert.Contains(events, e => e.StateChange == NodeState.NodeUnavailable && e.NodeNames.Contains("dead"));
        var status = await relay.Channel.CallAsync(HubbleMethods.ServerStatus, new ServerStatusRequest(), cancellation: TestContext.Current.CancellationToken);
        Assert.Equal((1u, 1u, "dead"), (status.NumConnectedNodes, status.NumUnavailableNodes, Assert.Single(status.UnavailableNodes)));
        var nodes = await relay.Channel.CallAsync(HubbleMethods.GetNodes, new GetNodesRequest(), cancellation: TestContext.Current.CancellationToken);
        Assert.Equal([NodeState.NodeConnected, NodeState.NodeUnavailable], nodes.Nodes.Select(n => n.State));
    }

    [Fact]
    public async Task ServerStatus_OfNodesThatLostEvents_IsTheirSum()
    {
        await using var a = await TestServer.StartAsync(node: "a");
        await using var b = await TestServer.StartAsync(node: "b");
        a.Pipeline.OnLost(LostEventSource.PerfEventRingBuffer, 5, Base);
        a.Pipeline.OnLost(LostEventSource.PerfEventRingBuffer, 6, Base);
        b.Pipeline.OnLost(LostEventSource.PerfEventRingBuffer, 100, Base);
        await using var relay = await TestRelay.StartAsync([new("a", a.SocketPath), new("b", b.SocketPath)]);
        var status = await relay.Channel.CallAsync(HubbleMethods.ServerStatus, new ServerStatusRequest(), cancellation: TestContext.Current.CancellationToken);
        Assert.Equal((111ul, 0ul), (status.LostEvents, status.MissedEvents));
    }

    [Fact]
    public async Task GetFlows_WithANodeThatNeverAnswers_ServesTheOthersAndTells()
    {
        await using var a = await TestServer.StartAsync(node: "a");
        Write(a, Base);
        await using var silent = await FakeNode.StartAsync(async (_, call) => await Task.Delay(Timeout.Infinite, call.Cancellation));
        await using var relay = await TestRelay.StartAsync([new("a", a.SocketPath), new("silent", silent.Path)], giveUpSeconds: 5);
        var (flows, events) = await relay.AllAsync(new GetFlowsRequest { Number = 10 });
        Assert.Equal("a", Assert.Single(flows).NodeName);
        Assert.Contains(events, e => e.StateChange == NodeState.NodeError && e.NodeNames.Contains("silent"));
    }

    [Fact]
    public async Task GetFlows_WithANodeThatNeverEnds_EndsAllTheSame()
    {
        await using var a = await TestServer.StartAsync(node: "a");
        Write(a, Base);
        var future = (DateTimeOffset.UtcNow.AddHours(1) - DateTimeOffset.UnixEpoch).Ticks * 100;
        await using var liar = await FakeNode.StartAsync(async (writer, _) =>
        {
            while (true)
            {
                await writer.WriteAsync(new GetFlowsResponse { Flow = new Flow(), NodeName = "a", Time = FlowEncoder.Time(future++) });
            }
        });
        await using var relay = await TestRelay.StartAsync([new("a", a.SocketPath), new("liar", liar.Path)]);
        var (flows, events) = await relay.AllAsync(new GetFlowsRequest { Number = 100 });
        Assert.Equal("a", Assert.Single(flows).NodeName);
        Assert.Contains(events, e => e.StateChange == NodeState.NodeError && e.NodeNames.Contains("liar"));
    }

    [Fact]
    public async Task GetFlows_WithANodeThatLiesAboutItsName_CarriesTheTrueOne()
    {
        await using var liar = await FakeNode.StartAsync(async (writer, _) =>
            await writer.WriteAsync(new GetFlowsResponse { Flow = new Flow { NodeName = "bank", Uuid = "u" }, NodeName = "bank", Time = FlowEncoder.Time(Base) }));
        await using var relay = await TestRelay.StartAsync([new("liar", liar.Path)]);
        var flow = Assert.Single(await relay.FlowsAsync(new GetFlowsRequest { Number = 10 }));
        Assert.Equal(("liar", "liar", "u"), (flow.NodeName, flow.Flow.NodeName, flow.Flow.Uuid));
    }

    [Fact]
    public async Task GetFlows_Following_TakesUpNodesThatCome()
    {
        await using var a = await TestServer.StartAsync(node: "a");
        await using var b = await TestServer.StartAsync(node: "b");
        await using var relay = await TestRelay.StartAsync([new("a", a.SocketPath)]);
        var seen = new HashSet<string>();
        var gone = false;
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        var writing = Task.Run(async () =>
        {
            while (!stop.IsCancellationRequested)
            {
                var now = (DateTimeOffset.UtcNow - DateTimeOffset.UnixEpoch).Ticks * 100;
                Write(a, now);
                Write(b, now);
                await Task.Delay(20, CancellationToken.None);
            }
        }, TestContext.Current.CancellationToken);
        await foreach (var response in relay.Channel.StreamAsync(HubbleMethods.GetFlows, new GetFlowsRequest { Follow = true }, cancellation: TestContext.Current.CancellationToken))
        {
            if (response.ResponseTypesCase == GetFlowsResponse.ResponseTypesOneofCase.Flow && seen.Add(response.NodeName))
            {
                if (seen.Count == 1)
                {
                    relay.Peers.Set([relay.PeerOf("a", a.SocketPath), relay.PeerOf("b", b.SocketPath)]);
                }
                else
                {
                    relay.Peers.Set([relay.PeerOf("b", b.SocketPath)]);
                }
            }

            gone = response.NodeStatus is { StateChange: NodeState.NodeGone } status && status.NodeNames.Contains("a");
            if (gone)
            {
                break;
            }
        }

        await stop.CancelAsync();
        await writing;
        Assert.Equal(["a", "b"], seen.Order());
        Assert.True(gone);
    }

    [Fact]
    public async Task GetFlows_WithABadFilter_IsRefusedOnce()
    {
        await using var a = await TestServer.StartAsync(node: "a");
        await using var relay = await TestRelay.StartAsync([new("a", a.SocketPath)]);
        var e = await Assert.ThrowsAsync<RpcException>(() => relay.FlowsAsync(new GetFlowsRequest { Whitelist = { new FlowFilter { SourceIp = { "x" } } } }));
        Assert.Equal(RpcStatusCode.InvalidArgument, e.Code);
        Assert.Contains("source_ip", e.Detail, StringComparison.Ordinal);
    }

    [Fact]
    public async Task GetAgentEvents_OfTwoNodes_AreInTimeOrderAndNoMoreThanAskedFor()
    {
        await using var a = await TestServer.StartAsync(node: "a");
        await using var b = await TestServer.StartAsync(node: "b");
        for (var i = 0; i < 40; i++)
        {
            (i % 3 == 0 ? a : b).Observer.AgentEvents.Add(Base + i, new AgentEvent { Type = AgentEventType.EndpointCreated });
        }

        await using var relay = await TestRelay.StartAsync([new("a", a.SocketPath), new("b", b.SocketPath), new("dead", "/nonexistent/hubble.sock")]);
        Assert.Equal(Enumerable.Range(0, 40), await AgentEventsAsync(relay, new GetAgentEventsRequest()));
        Assert.Equal([35, 36, 37, 38, 39], await AgentEventsAsync(relay, new GetAgentEventsRequest { Number = 5 }));
        Assert.Equal([0, 1, 2, 3, 4], await AgentEventsAsync(relay, new GetAgentEventsRequest { Number = 5, First = true }));
        Assert.Equal([38, 39], await AgentEventsAsync(relay, new GetAgentEventsRequest { Since = FlowEncoder.Time(Base + 38) }));
        var refused = await Assert.ThrowsAsync<RpcException>(() => AgentEventsAsync(relay, new GetAgentEventsRequest { Since = FlowEncoder.Time(Base + 2), Until = FlowEncoder.Time(Base) }));
        Assert.Equal((RpcStatusCode.InvalidArgument, "since: is later than until"), (refused.Code, refused.Detail));
    }

    [Fact]
    public async Task GetDebugEvents_Following_TakesThoseOfEveryNode()
    {
        await using var a = await TestServer.StartAsync(node: "a");
        await using var b = await TestServer.StartAsync(node: "b");
        await using var relay = await TestRelay.StartAsync([new("a", a.SocketPath), new("b", b.SocketPath)]);
        using var enough = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        var telling = Task.Run(() =>
        {
            // Until both were heard: when the relay begins to ask is not to be seen from here.
            while (!enough.IsCancellationRequested)
            {
                var now = (DateTimeOffset.UtcNow - DateTimeOffset.UnixEpoch).Ticks * 100;
                a.Observer.DebugEvents.Add(now, new DebugEvent { Message = "from a" });
                b.Observer.DebugEvents.Add(now + 1, new DebugEvent { Message = "from b" });
                Thread.Sleep(50);
            }
        }, TestContext.Current.CancellationToken);
        var seen = new HashSet<string>();
        await foreach (var response in relay.Channel.StreamAsync(HubbleMethods.GetDebugEvents, new GetDebugEventsRequest { Follow = true }, cancellation: enough.Token))
        {
            Assert.Equal($"from {response.NodeName}", response.DebugEvent.Message);
            if (seen.Add(response.NodeName) && seen.Count == 2)
            {
                break;
            }
        }

        await enough.CancelAsync();
        await telling;
        Assert.Equal(2, seen.Count);
    }

    /// <summary>What came, as ns after the first.</summary>
    private static async Task<List<int>> AgentEventsAsync(TestRelay relay, GetAgentEventsRequest request)
    {
        var times = new List<int>();
        await foreach (var response in relay.Channel.StreamAsync(HubbleMethods.GetAgentEvents, request, cancellation: TestContext.Current.CancellationToken))
        {
            var at = (int)(FlowDecoder.Nanoseconds(response.Time) - Base);
            Assert.Equal(at % 3 == 0 ? "a" : "b", response.NodeName);
            Assert.Equal(AgentEventType.EndpointCreated, response.AgentEvent.Type);
            times.Add(at);
        }

        return times;
    }

    private static void Write(TestServer server, long timeNs) => server.Pipeline.OnPacket(Packets.Trace(timeNs), Packets.Tcp("10.0.0.1", "10.0.0.2"));
}
