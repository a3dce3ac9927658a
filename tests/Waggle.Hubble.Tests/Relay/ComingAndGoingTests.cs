using Microsoft.Extensions.Logging.Abstractions;
using Waggle.Hubble.Codec;
using Waggle.Hubble.Protocol.Flows;
using Waggle.Hubble.Protocol.Observers;
using Waggle.Hubble.Rpc;
using Waggle.Hubble.Rpc.Server;
using Waggle.Hubble.Tests.Shared;

namespace Waggle.Hubble.Tests.Relay;

/// <summary>A node that comes and goes, and clients that do not read.</summary>
public sealed class ComingAndGoingTests : IDisposable
{
    private readonly string _directory = Directory.CreateTempSubdirectory("wgt-flap-").FullName;
    private long _last;

    public void Dispose() => Directory.Delete(_directory, recursive: true);

    [Fact]
    public async Task Follow_OfANodeThatComesAndGoes_GivesEachFlowOnce()
    {
        await using var steady = await TestServer.StartAsync(capacity: 4095, node: "steady");
        await using var flapping = await TestServer.StartAsync(capacity: 4095, node: "flapping");
        var path = Path.Combine(_directory, "hubble.sock");
        var listener = await RpcListener.UnixAsync(path, flapping.Server, NullLoggerFactory.Instance, TestContext.Current.CancellationToken);
        await using var relay = await TestRelay.StartAsync([new("steady", steady.SocketPath), new("flapping", path)], options: TestRelay.Options() with { Patience = TimeSpan.FromSeconds(1), MaxBackoff = TimeSpan.FromMilliseconds(200) });
        var (written, got) = (new HashSet<string>(), new List<string>());
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        limit.CancelAfter(TimeSpan.FromSeconds(60));
        await using var stream = relay.Channel.StreamAsync(HubbleMethods.GetFlows, new GetFlowsRequest { Follow = true }, cancellation: limit.Token).GetAsyncEnumerator(limit.Token);
        Assert.True(await stream.MoveNextAsync()); // who is connected
        while (steady.Observer.Streams + flapping.Observer.Streams < 2)
        {
            await Task.Delay(10, limit.Token);
        }

        for (var round = 0; round < 5; round++)
        {
            Write(100);
            await TakeAsync(() => got.Count >= written.Count - 50); // it goes while some are on their way
            await listener.DisposeAsync();
            Write(100);
            await TakeAsync(() => got.Count(g => g.StartsWith("steady", StringComparison.Ordinal)) == written.Count / 2); // the other goes on
            listener = await RpcListener.UnixAsync(path, flapping.Server, NullLoggerFactory.Instance, TestContext.Current.CancellationToken);
            await TakeAsync(() => got.Count >= written.Count);
        }

        await listener.DisposeAsync();
        Assert.Equal(written.Order(StringComparer.Ordinal), got.Order(StringComparer.Ordinal));

        async Task TakeAsync(Func<bool> until)
        {
            while (!until())
            {
                Assert.True(await stream.MoveNextAsync());
                if (stream.Current.ResponseTypesCase == GetFlowsResponse.ResponseTypesOneofCase.Flow)
                {
                    got.Add($"{stream.Current.NodeName} {FlowDecoder.Nanoseconds(stream.Current.Time)}");
                }
            }
        }

        void Write(int count)
        {
            for (var i = 0; i < count; i++)
            {
                _last = Math.Max(_last + 1, (DateTimeOffset.UtcNow - DateTimeOffset.UnixEpoch).Ticks * 100);
                written.Add($"steady {_last}");
                written.Add($"flapping {_last}");
                steady.Pipeline.OnPacket(Packets.Trace(_last), Packets.Tcp("10.0.0.1", "10.0.0.2"));
                flapping.Pipeline.OnPacket(Packets.Trace(_last), Packets.Tcp("10.0.0.1", "10.0.0.2"));
            }
        }
    }

    [Fact]
    public async Task Client_ThatDoesNotRead_HoldsLittle_WhileOthersGoOn()
    {
        const int Message = 2048, Enough = 48 << 20, Bound = 8 << 20;
        var accepted = new List<StrongBox>();
        await using var node = await FakeNode.StartAsync(async (writer, call) =>
        {
            var mine = new StrongBox();
            lock (accepted)
            {
                accepted.Add(mine);
            }

            var summary = new string('x', Message);
            while (true)
            {
                await writer.WriteAsync(new GetFlowsResponse { Flow = new Flow { NodeName = "node", Uuid = summary }, NodeName = "node", Time = FlowEncoder.Time((DateTimeOffset.UtcNow - DateTimeOffset.UnixEpoch).Ticks * 100) });
                Interlocked.Add(ref mine.Bytes, Message);
            }
        });
        await using var relay = await TestRelay.StartAsync([new("node", node.Path)], options: TestRelay.Options() with { Patience = TimeSpan.FromSeconds(1) });
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        limit.CancelAfter(TimeSpan.FromSeconds(60));
        using var lazy = relay.Connect();
        await using var unread = lazy.StreamAsync(HubbleMethods.GetFlows, new GetFlowsRequest { Follow = true }, cancellation: limit.Token).GetAsyncEnumerator(limit.Token);
        for (var seen = 0; seen == 0;)
        {
            Assert.True(await unread.MoveNextAsync());
            seen += unread.Current.Flow is null ? 0 : 1;
        }

        // Another client of the same relay and node reads all of it meanwhile.
        long read = 0;
        await foreach (var response in relay.Channel.StreamAsync(HubbleMethods.GetFlows, new GetFlowsRequest { Follow = true }, cancellation: limit.Token))
        {
            if ((read += response.Flow?.Uuid.Length ?? 0) > Enough)
            {
                break;
            }
        }

        Assert.True(accepted.Count >= 2);
        Assert.InRange(Interlocked.Read(ref accepted[0].Bytes), Message, Bound);
    }

    [Fact]
    public async Task Client_ThatReadsAgain_IsToldWhatItMissed_ToTheFlow()
    {
        const int Flows = 60_000;
        await using var node = await TestServer.StartAsync(node: "node"); // its ring keeps 255
        await using var relay = await TestRelay.StartAsync([new("node", node.SocketPath)], options: TestRelay.Options() with { Patience = TimeSpan.FromSeconds(1) });
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        limit.CancelAfter(TimeSpan.FromSeconds(60));
        await using var stream = relay.Channel.StreamAsync(HubbleMethods.GetFlows, new GetFlowsRequest { Follow = true }, cancellation: limit.Token).GetAsyncEnumerator(limit.Token);
        Assert.True(await stream.MoveNextAsync()); // who is connected
        while (node.Observer.Streams == 0)
        {
            await Task.Delay(10, limit.Token);
        }

        var now = (DateTimeOffset.UtcNow - DateTimeOffset.UnixEpoch).Ticks * 100;
        for (var i = 0; i < Flows; i++)
        {
            node.Pipeline.OnPacket(Packets.Trace(now + i), Packets.Tcp("10.0.0.1", "10.0.0.2"));
        }

        ulong flows = 0, lost = 0;
        while (flows + lost < Flows)
        {
            Assert.True(await stream.MoveNextAsync());
            flows += stream.Current.ResponseTypesCase == GetFlowsResponse.ResponseTypesOneofCase.Flow ? 1u : 0;
            lost += stream.Current.LostEvents is { Source: LostEventSource.HubbleRingBuffer } told ? told.NumEventsLost : 0;
        }

        Assert.Equal((ulong)Flows, flows + lost);
        Assert.True(lost > 0);
    }

    private sealed class StrongBox
    {
        public long Bytes;
    }
}
