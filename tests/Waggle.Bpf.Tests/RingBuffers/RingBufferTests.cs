using System.Buffers.Binary;
using Waggle.Bpf.Tests.Support;

namespace Waggle.Bpf.Tests.RingBuffers;

public class RingBufferTests
{
    [Fact]
    public void Consume_RecordsInOrder_AndFullBufferIsSeenByTheProgram()
    {
        using var o = Load(out var emit, out var map);
        using var program = emit;
        using var events = map;
        var seen = new List<uint>();
        using var buffer = new RingBuffer(events, record => seen.Add(BinaryPrimitives.ReadUInt32LittleEndian(record)));

        // 4096 bytes, 8 bytes of record behind 8 of header: 256 would wrap exactly, so the last is refused.
        var accepted = 0;
        while (program.TestRun(new byte[64]).ReturnValue == 0)
        {
            accepted++;
        }

        Assert.InRange(accepted, 200, 256);
        Assert.Equal(accepted, buffer.Consume());
        Assert.Equal(Enumerable.Range(0, accepted).Select(i => (uint)i), seen);
        Assert.Equal((accepted, accepted * 8), (buffer.Records, buffer.Bytes));
        Assert.Equal(0u, program.TestRun(new byte[64]).ReturnValue);
        Assert.Equal(1, buffer.Poll(TimeSpan.FromSeconds(5)));
    }

    [Fact]
    public void Consume_HandlerThrows_ExceptionComesOutAndTheRestStays()
    {
        using var o = Load(out var emit, out var map);
        using var program = emit;
        using var events = map;
        program.TestRun(new byte[64], repeat: 3);
        var calls = 0;
        using var buffer = new RingBuffer(events, _ =>
        {
            if (calls++ == 0)
            {
                throw new InvalidDataException("mine");
            }
        });

        Assert.Equal("mine", Assert.Throws<InvalidDataException>(() => buffer.Consume()).Message);
        Assert.Equal(2, buffer.Consume());
    }

    [Fact]
    public async Task RunAsync_DeliversUntilCancelled()
    {
        using var o = Load(out var emit, out var map);
        using var program = emit;
        using var events = map;
        using var cancel = new CancellationTokenSource();
        var arrived = new TaskCompletionSource<int>();
        using var buffer = new RingBuffer(events, record => arrived.TrySetResult(record.Length));
        var run = buffer.RunAsync(cancel.Token);
        program.TestRun(new byte[64]);
        Assert.Equal(8, await arrived.Task.WaitAsync(TimeSpan.FromSeconds(10), TestContext.Current.CancellationToken));
        await cancel.CancelAsync();
        await run.WaitAsync(TimeSpan.FromSeconds(10), TestContext.Current.CancellationToken);
    }

    [Fact]
    public async Task RunAsync_CancelledWhileItRests_HandlesWhatIsThere()
    {
        using var o = Load(out var emit, out var map);
        using var program = emit;
        using var events = map;
        using var cancel = new CancellationTokenSource();
        var arrived = new TaskCompletionSource();
        using var buffer = new RingBuffer(events, _ => arrived.TrySetResult());
        var run = buffer.RunAsync(cancel.Token, TimeSpan.FromDays(1));
        program.TestRun(new byte[64]);
        await arrived.Task.WaitAsync(TimeSpan.FromSeconds(60), TestContext.Current.CancellationToken);
        program.TestRun(new byte[64], repeat: 5);
        await cancel.CancelAsync();
        await run.WaitAsync(TimeSpan.FromSeconds(60), TestContext.Current.CancellationToken);
        Assert.Equal(6, buffer.Records);
    }

    [Fact]
    public async Task RunAsync_BufferFillsQuickly_DoesNotRest()
    {
        using var o = Load(out var emit, out var map);
        using var program = emit;
        using var events = map;
        using var cancel = new CancellationTokenSource();
        var arrived = new TaskCompletionSource();
        program.TestRun(new byte[64], repeat: 100); // 800 of 4,096 bytes
        using var buffer = new RingBuffer(events, record =>
        {
            if (BinaryPrimitives.ReadUInt32LittleEndian(record) == 100)
            {
                arrived.TrySetResult();
            }
        });
        var run = buffer.RunAsync(cancel.Token, TimeSpan.FromDays(1));
        program.TestRun(new byte[64]);
        await arrived.Task.WaitAsync(TimeSpan.FromSeconds(60), TestContext.Current.CancellationToken);
        await cancel.CancelAsync();
        await run.WaitAsync(TimeSpan.FromSeconds(60), TestContext.Current.CancellationToken);
    }

    [Fact]
    public void Open_NotARingBuffer_IsRefused()
    {
        using var map = BpfMap.Create(new BpfMapSpec(BpfMapType.Hash, "test", 4, 4, 1));
        Assert.Contains("test", Assert.Throws<BpfException>(() => new RingBuffer(map, _ => { })).Message);
    }

    private static BpfObject Load(out BpfProgram emit, out BpfMap events)
    {
        var o = TestObjects.Open("sample");
        o.Load();
        emit = o.GetProgram("emit");
        events = o.GetMap("events");
        return o;
    }
}
