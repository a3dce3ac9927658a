using Microsoft.Extensions.Logging.Abstractions;
using Waggle.Hubble.Codec;
using Waggle.Hubble.Protocol.Flows;
using Waggle.Hubble.Protocol.Observers;
using Waggle.Hubble.Protocol.Relays;
using Waggle.Hubble.Relay;
using Waggle.Hubble.Rpc;
using Waggle.Hubble.Rpc.Server;
using Waggle.Hubble.Tests.Shared;

namespace Waggle.Hubble.Tests.Relay;

/// <summary>What a client that follows is told of nodes: each change once, when it happened.</summary>
public sealed class NodeNewsTests : IDisposable
{
    private readonly string _directory = Directory.CreateTempSubdirectory("wgt-news-").FullName;
    private readonly List<GetFlowsResponse> _news = [];
    private readonly List<GetFlowsResponse> _flows = [];

    public void Dispose() => Directory.Delete(_directory, recursive: true);

    [Fact]
    public async Task Follow_OfANodeThatIsAwayForLong_IsToldOnceThatItWent_AndOnceThatItCame()
    {
        await using var flapping = await TestServer.StartAsync(capacity: 4095, node: "flapping");
        var path = Path.Combine(_directory, "hubble.sock");
        var listener = await RpcListener.UnixAsync(path, flapping.Server, NullLoggerFactory.Instance, TestContext.Current.CancellationToken);
        await using var steady = await TestServer.StartAsync(capacity: 4095, node: "steady");
        await using var relay = await TestRelay.StartAsync([new("flapping", path), new("steady", steady.SocketPath)], options: Patient());
        using var talk = new Talk(steady, flapping);
        await FollowAsync(relay, async seen =>
        {
            await seen(() => From("flapping") && From("steady"));
            var before = DateTimeOffset.UtcNow;
            await listener.DisposeAsync();
            await seen(() => Told("flapping").LastOrDefault() == NodeState.NodeUnavailable);
            var told = _news[^1].Time.ToDateTimeOffset();
            Assert.InRange(told, before, DateTimeOffset.UtcNow);

            // Long enough for many attempts.
            var until = DateTimeOffset.UtcNow.AddSeconds(2);
            await seen(() => DateTimeOffset.UtcNow > until);
            Assert.Equal([NodeState.NodeConnected, NodeState.NodeUnavailable], Told("flapping"));
            listener = await RpcListener.UnixAsync(path, flapping.Server, NullLoggerFactory.Instance, TestContext.Current.CancellationToken);
            _flows.Clear();
            await seen(() => From("flapping"));
        });
        await listener.DisposeAsync();
        Assert.Equal([NodeState.NodeConnected, NodeState.NodeUnavailable, NodeState.NodeConnected], Told("flapping"));
        Assert.Equal([NodeState.NodeConnected], Told("steady"));
    }

    [Fact]
    public async Task Follow_OfANodeThatComesBackAndSaysNothing_IsToldThatItIsConnected()
    {
        await using var quiet = await TestServer.StartAsync(node: "quiet");
        var path = Path.Combine(_directory, "hubble.sock");
        var listener = await RpcListener.UnixAsync(path, quiet.Server, NullLoggerFactory.Instance, TestContext.Current.CancellationToken);
        await using var steady = await TestServer.StartAsync(capacity: 4095, node: "steady");
        await using var relay = await TestRelay.StartAsync([new("quiet", path), new("steady", steady.SocketPath)], options: Patient());
        using var talk = new Talk(steady);
        await FollowAsync(relay, async seen =>
        {
            await seen(() => quiet.Observer.Streams > 0);
            await listener.DisposeAsync();
            await seen(() => Told("quiet").LastOrDefault() == NodeState.NodeUnavailable);
            listener = await RpcListener.UnixAsync(path, quiet.Server, NullLoggerFactory.Instance, TestContext.Current.CancellationToken);
            await seen(() => Told("quiet").LastOrDefault() == NodeState.NodeConnected);
        });
        await listener.DisposeAsync();
        Assert.Equal([NodeState.NodeConnected, NodeState.NodeUnavailable, NodeState.NodeConnected], Told("quiet"));
    }

    [Fact]
    public async Task Follow_OfANodeThatRefusesEachStream_IsToldOnce()
    {
        var asked = 0;
        await using var liar = await FakeNode.StartAsync((_, _) =>
        {
            Interlocked.Increment(ref asked);
            throw new RpcException(RpcStatusCode.Unavailable, "not today");
        });
        await using var steady = await TestServer.StartAsync(capacity: 4095, node: "steady");

        // A stream that is open for the shortest time between attempts counts as one that works; a refusal is quicker than a second.
        var second = TimeSpan.FromSeconds(1);
        await using var relay = await TestRelay.StartAsync([new("liar", liar.Path), new("steady", steady.SocketPath)], options: Patient() with { MinBackoff = second, MaxBackoff = second });
        using var talk = new Talk(steady);
        await FollowAsync(relay, seen => seen(() => Volatile.Read(ref asked) > 3));
        Assert.Equal([NodeState.NodeConnected, NodeState.NodeUnavailable], Told("liar"));
        Assert.Equal("not today", _news.Single(n => n.NodeStatus.NodeNames.Contains("liar") && n.NodeStatus.StateChange == NodeState.NodeUnavailable).NodeStatus.Message);
    }

    [Fact]
    public async Task Follow_OfANodeThatStopsInTheMiddleOfAMessage_TellsAndBeginsAgain()
    {
        var calls = 0;
        await using var liar = await FakeNode.StartAsync(async (writer, call) =>
        {
            if (Interlocked.Increment(ref calls) < 3)
            {
                writer.WriteFrames([0, 0, 0, 1, 0, 10, 2]);
                await writer.FlushAsync();
                await Task.Delay(Timeout.Infinite, call.Cancellation);
            }

            await writer.WriteAsync(new GetFlowsResponse { Flow = new Flow { NodeName = "liar" }, NodeName = "liar", Time = FlowEncoder.Time(Talk.Now()) });
            await Task.Delay(Timeout.Infinite, call.Cancellation);
        });
        await using var steady = await TestServer.StartAsync(capacity: 4095, node: "steady");
        await using var relay = await TestRelay.StartAsync([new("liar", liar.Path), new("steady", steady.SocketPath)], options: Patient() with { GiveUp = TimeSpan.FromSeconds(1) });
        using var talk = new Talk(steady);
        await FollowAsync(relay, seen => seen(() => From("liar")));
        Assert.Equal([NodeState.NodeConnected, NodeState.NodeError, NodeState.NodeConnected], Told("liar"));
        Assert.Equal("nothing heard for 1 s in the middle of a message", _news.Single(n => n.NodeStatus.StateChange == NodeState.NodeError).NodeStatus.Message);
        Assert.Equal(3, calls);
    }

    [Fact]
    public async Task Follow_OfANodeThatCameBackAfterManyAttempts_DoesNotTakeItsHistory()
    {
        var (calls, since) = (0, new List<bool>());
        var began = Talk.Now();
        await using var node = await FakeNode.StartAsync((request, writer, call) =>
        {
            lock (since)
            {
                since.Add(request.Since is { } s && FlowDecoder.Nanoseconds(s) >= began);
            }

            return ++calls < 4 ? throw new RpcException(RpcStatusCode.Unavailable, "not yet") : SayAsync(writer, call);
        });
        await using var steady = await TestServer.StartAsync(capacity: 4095, node: "steady");
        await using var relay = await TestRelay.StartAsync([new("node", node.Path), new("steady", steady.SocketPath)], options: Patient());
        using var talk = new Talk(steady);
        await FollowAsync(relay, seen => seen(() => From("node")));
        Assert.Equal([false, true, true, true], since); // the first asks for no time at all

        static async Task SayAsync(IRpcWriter<GetFlowsResponse> writer, RpcServerCall call)
        {
            await writer.WriteAsync(new GetFlowsResponse { Flow = new Flow { NodeName = "node" }, NodeName = "node", Time = FlowEncoder.Time(Talk.Now()) });
            await Task.Delay(Timeout.Infinite, call.Cancellation);
        }
    }

    private static RelayOptions Patient() => TestRelay.Options() with { HealthInterval = TimeSpan.FromSeconds(30), MaxBackoff = TimeSpan.FromMilliseconds(200), Patience = TimeSpan.FromSeconds(1) };

    private bool From(string node) => _flows.Any(f => f.NodeName == node);

    private List<NodeState> Told(string node) => [.. _news.Where(n => n.NodeStatus.NodeNames.Contains(node)).Select(n => n.NodeStatus.StateChange)];

    /// <summary>Follows; the script gets what reads on until something is so.</summary>
    private async Task FollowAsync(TestRelay relay, Func<Func<Func<bool>, Task>, Task> script)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        limit.CancelAfter(TimeSpan.FromSeconds(60));
        await using var stream = relay.Channel.StreamAsync(HubbleMethods.GetFlows, new GetFlowsRequest { Follow = true }, cancellation: limit.Token).GetAsyncEnumerator(limit.Token);
        await script(async until =>
        {
            while (!until())
            {
                Assert.True(await stream.MoveNextAsync());
                (stream.Current.NodeStatus is null ? _flows : _news).Add(stream.Current);
            }
        });
    }

    /// <summary>Nodes that have flows all the time.</summary>
    private sealed class Talk : IDisposable
    {
        private readonly CancellationTokenSource _stop = new();
        private readonly Task _talking;

        public Talk(params TestServer[] nodes) => _talking = Task.Run(() =>
        {
            while (!_stop.Token.WaitHandle.WaitOne(5))
            {
                foreach (var node in nodes)
                {
                    node.Pipeline.OnPacket(Packets.Trace(Now()), Packets.Tcp("10.0.0.1", "10.0.0.2"));
                }
            }
        });

        public static long Now() => (DateTimeOffset.UtcNow - DateTimeOffset.UnixEpoch).Ticks * 100;

        public void Dispose()
        {
            _stop.Cancel();
            _talking.GetAwaiter().GetResult();
            _stop.Dispose();
        }
    }
}
