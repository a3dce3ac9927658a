using Waggle.Hubble.Flows;
using Waggle.Hubble.Protocol.Flows;
using Waggle.Hubble.Protocol.Observers;
using Waggle.Hubble.Ring;
using Waggle.Hubble.Rpc;
using Waggle.Hubble.Tests.Shared;

namespace Waggle.Hubble.Tests.Ring;

public sealed class FlowRingTests
{
    [Theory]
    [InlineData(0)]
    [InlineData(4096)]
    [InlineData(6)]
    [InlineData(-1)]
    public void Ring_OfAnotherSize_IsRefused(int capacity) => Assert.Throws<ArgumentOutOfRangeException>(() => new FlowRing(capacity, 1));

    [Fact]
    public void Cursor_ThatIsOvertaken_CountsExactlyWhatIsMissing()
    {
        var ring = new FlowRing(15, 1);
        var cursor = new RingCursor(ring, 1);
        ulong read = 0, missed = 0;
        for (ulong i = 1; i <= 160; i++)
        {
            ring.Append(Record((long)i));
            if (i % 50 == 0)
            {
                while (cursor.TryRead(out var record))
                {
                    read++;
                    missed += cursor.TakeMissed();
                    Assert.Equal(read + missed, record.Sequence);
                    Assert.Equal((long)record.Sequence, record.TimeNs);
                }
            }
        }

        while (cursor.TryRead(out _))
        {
            read++;
        }

        missed += cursor.TakeMissed();
        Assert.Equal(160UL, read + missed);
        Assert.True(missed > 0);
    }

    [Theory]
    [InlineData(50)]
    [InlineData(20)]
    [InlineData(17)]
    [InlineData(3)]
    public void Cursor_ThatIsOvertakenWithNotes_CountsWhatTheyStandFor(int pause)
    {
        var ring = new FlowRing(15, 1);
        var cursor = new RingCursor(ring, 1);
        ulong written = 0, seen = 0;
        for (var i = 1; i <= 500; i++)
        {
            if (i % 7 == 0)
            {
                ring.AppendLost(LostEventSource.PerfEventRingBuffer, (ulong)i, i, NodeInfo.None);
                written += (ulong)i;
            }
            else
            {
                ring.Append(Record(i));
                written++;
            }

            // The observer tells what was missed first, and reads the record again.
            while (i % pause == 0 && cursor.TryRead(out var record))
            {
                var missed = cursor.TakeMissed();
                seen += missed;
                if (missed > 0 && i % 2 == 0)
                {
                    cursor.StepBack(true);
                    continue;
                }

                seen += record.NotedHere + 1;
                Assert.Equal(record.Sequence + record.NotedBefore + record.NotedHere, seen);
            }
        }

        while (cursor.TryRead(out var record))
        {
            seen += cursor.TakeMissed() + record.NotedHere + 1;
        }

        Assert.Equal(written, seen);
    }

    [Fact]
    public async Task Readers_BesideAFastWriter_NeverSeeTornRecords()
    {
        var ring = new FlowRing(63, 1);
        const int Total = 300_000;
        var writer = Task.Run(() =>
        {
            for (var i = 1; i <= Total; i++)
            {
                // Every field says the same number: a torn copy would contradict itself.
                ring.Append(new FlowRecord
                {
                    TimeNs = i, Source = new FlowAddress((ulong)i, (ulong)i), Destination = new FlowAddress((ulong)i, (ulong)i), SocketCookie = (ulong)i, CgroupId = (ulong)i, Line = (uint)i,
                    Node = NodeInfo.None, SourceEndpoint = EndpointInfo.None, DestinationEndpoint = EndpointInfo.None,
                });
            }
        }, TestContext.Current.CancellationToken);
        var readers = Enumerable.Range(0, 3).Select(_ => Task.Run(async () =>
        {
            var cursor = new RingCursor(ring, 1);
            ulong read = 0, missed = 0;
            while (read + missed < Total)
            {
                if (cursor.TryRead(out var r))
                {
                    read++;
                    Assert.True((ulong)r.TimeNs == r.Sequence && r.Source.High == r.Sequence && r.Destination.Low == r.Sequence && r.CgroupId == r.Sequence && r.Line == (uint)r.Sequence);
                }
                else
                {
                    await cursor.WaitAsync(TestContext.Current.CancellationToken);
                }

                missed += cursor.TakeMissed();
            }

            Assert.Equal((ulong)Total, read + missed);
        })).ToArray();
        await writer;
        await Task.WhenAll(readers);
    }

    [Fact]
    public async Task GetFlows_OfAReaderThatIsTooSlow_IsToldWhatItMissed()
    {
        await using var server = await TestServer.StartAsync(capacity: 31);
        using var channel = server.Connect();
        const int Total = 50_000;
        ulong flows = 0, lost = 0;
        var begun = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var writing = Task.Run(async () =>
        {
            await begun.Task;
            for (var i = 1; i < Total; i++)
            {
                server.Pipeline.OnPacket(Packets.Trace(i), Packets.Tcp("10.0.0.1", "10.0.0.2"));
            }
        }, TestContext.Current.CancellationToken);
        server.Pipeline.OnPacket(Packets.Trace(0), Packets.Tcp("10.0.0.1", "10.0.0.2"));
        await foreach (var response in channel.StreamAsync(HubbleMethods.GetFlows, new GetFlowsRequest { Follow = true, First = true }, cancellation: TestContext.Current.CancellationToken))
        {
            _ = response.ResponseTypesCase == GetFlowsResponse.ResponseTypesOneofCase.LostEvents ? lost += response.LostEvents.NumEventsLost : flows++;
            if (begun.TrySetResult())
            {
                await writing; // not reading meanwhile
            }

            if (flows + lost == Total)
            {
                break;
            }
        }

        Assert.Equal((ulong)Total, flows + lost);
        Assert.True(lost > 0);
        Assert.Equal(lost, server.Observer.Missed);
    }

    [Fact]
    public async Task Consumer_ThatIsTooSlow_LosesCountedFlows_AndOthersNone()
    {
        await using var server = await TestServer.StartAsync(capacity: 31);
        using CountingConsumer slow = new(blocked: true), quick = new(blocked: false);
        await using var slowly = server.Consumers.Subscribe(slow, 64);
        await using var quickly = server.Consumers.Subscribe(quick, 65536);
        const int Total = 20_000;
        for (var i = 0; i < Total; i++)
        {
            server.Pipeline.OnPacket(Packets.Trace(i), Packets.Tcp("10.0.0.1", "10.0.0.2"));
        }

        slow.Release();
        await slow.WaitAsync(Total);
        await quick.WaitAsync(Total);
        Assert.Equal(Total, slow.Flows + slow.Lost);
        Assert.True(slow.Lost > 0);
        Assert.Equal((long)slowly.Lost, slow.Lost);
        Assert.Equal((Total, 0), (quick.Flows, quick.Lost));
    }

    private static FlowRecord Record(long time) => new() { TimeNs = time, Node = NodeInfo.None, SourceEndpoint = EndpointInfo.None, DestinationEndpoint = EndpointInfo.None };

    private sealed class CountingConsumer(bool blocked) : Waggle.Hubble.Consumers.IFlowConsumer, IDisposable
    {
        private readonly TaskCompletionSource _gate = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private readonly SemaphoreSlim _moved = new(0);
        private long _flows;
        private long _lost;

        public string Name => "test";

        public long Flows => Interlocked.Read(ref _flows);

        public long Lost => Interlocked.Read(ref _lost);

        public void Dispose() => _moved.Dispose();

        public void Release() => _gate.TrySetResult();

        public async Task WaitAsync(long total)
        {
            while (Flows + Lost < total)
            {
                Assert.True(await _moved.WaitAsync(TimeSpan.FromSeconds(60)), $"{Flows} flows, {Lost} lost");
            }
        }

        public async ValueTask OnFlowsAsync(ReadOnlyMemory<FlowRecord> flows, CancellationToken cancellation)
        {
            if (blocked)
            {
                await _gate.Task.WaitAsync(cancellation);
            }

            Interlocked.Add(ref _flows, flows.Length);
            _moved.Release();
        }

        public ValueTask OnLostAsync(LostEventSource source, ulong count, CancellationToken cancellation)
        {
            Interlocked.Add(ref _lost, (long)count);
            _moved.Release();
            return ValueTask.CompletedTask;
        }
    }
}
