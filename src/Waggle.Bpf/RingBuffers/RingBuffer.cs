using System.Runtime.CompilerServices;
using System.Runtime.ExceptionServices;
using System.Runtime.InteropServices;
using Waggle.Bpf.Interop;
using Waggle.Linux;

namespace Waggle.Bpf;

/// <summary>Takes one record; the span lies in the kernel's memory and is valid only during the call.</summary>
public delegate void RingBufferHandler(ReadOnlySpan<byte> record);

/// <summary>
/// The consumer of a BPF ring buffer; a ring buffer has one. The handler runs on the consuming thread. Records that BPF could
/// not reserve space for are lost there and counted there; this side loses none.
/// </summary>
public sealed unsafe class RingBuffer : IDisposable
{
    /// <summary>How long a blocked consumer may take to notice that it is cancelled.</summary>
    private const int CancellationLatencyMilliseconds = 200;

    private readonly RingBufferHandler handler;
    private readonly string name;
    private readonly long capacity;
    private readonly Lock gate = new();
    private GCHandle self;
    private nint ring;
    private ExceptionDispatchInfo? failure;
    private long records;
    private long bytes;

    /// <summary>Opens the consumer.</summary>
    /// <exception cref="BpfException">Not a ring buffer, or no memory to map it.</exception>
    public RingBuffer(BpfMap map, RingBufferHandler handler)
    {
        this.handler = handler;
        name = map.Name;
        capacity = map.Info.MaxEntries;
        self = GCHandle.Alloc(this, GCHandleType.Weak);
        using var log = LibbpfLog.Capture();
        ring = Libbpf.ring_buffer__new(map.Handle, &OnRecord, (void*)GCHandle.ToIntPtr(self), null);
        if (ring == 0)
        {
            var errno = (Errno)Marshal.GetLastPInvokeError();
            self.Free();
            throw new BpfException("open ring buffer", name, errno, log.ToString().Trim());
        }
    }

    /// <summary>Records handed to the handler so far.</summary>
    public long Records => Interlocked.Read(ref records);

    /// <summary>Bytes handed to the handler so far.</summary>
    public long Bytes => Interlocked.Read(ref bytes);

    /// <summary>Handles what is there now without waiting; returns the number of records.</summary>
    public int Consume()
    {
        lock (gate)
        {
            return Result(Libbpf.ring_buffer__consume(Open()), "consume");
        }
    }

    /// <summary>Waits for records at most this long and handles them; returns their number, 0 when time is over.</summary>
    public int Poll(TimeSpan timeout)
    {
        lock (gate)
        {
            return Result(Libbpf.ring_buffer__poll(Open(), (int)timeout.TotalMilliseconds), "poll");
        }
    }

    /// <summary>
    /// Consumes on a thread of its own until cancelled, and then what is still there; an exception of the handler ends it and comes out
    /// here. A record that comes while nothing is going on is handled at once.
    /// </summary>
    /// <param name="cancellation">Ends it.</param>
    /// <param name="rest">
    /// How long the thread rests after it handled records: those that come meanwhile wait that long at most, and are handled together,
    /// instead of one waking for each. It does not rest while records come fast enough to fill an eighth of the buffer between two looks.
    /// </param>
    public Task RunAsync(CancellationToken cancellation, TimeSpan rest = default) =>
        Task.Factory.StartNew(
            () =>
            {
                while (!cancellation.IsCancellationRequested)
                {
                    var before = bytes;
                    var count = Poll(TimeSpan.FromMilliseconds(CancellationLatencyMilliseconds));
                    if (count > 0 && rest > TimeSpan.Zero && bytes - before < capacity / 8)
                    {
                        cancellation.WaitHandle.WaitOne(rest);
                    }
                }

                Consume();
            },
            CancellationToken.None,
            TaskCreationOptions.LongRunning,
            TaskScheduler.Default);

    public void Dispose()
    {
        lock (gate)
        {
            if (ring == 0)
            {
                return;
            }

            Libbpf.ring_buffer__free(ring);
            ring = 0;
            self.Free();
        }
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static int OnRecord(void* context, void* data, nuint size)
    {
        if (GCHandle.FromIntPtr((nint)context).Target is not RingBuffer buffer)
        {
            return -(int)Errno.ECANCELED;
        }

        try
        {
            buffer.records++;
            buffer.bytes += (long)size;
            buffer.handler(new ReadOnlySpan<byte>(data, (int)size));
            return 0;
        }
        catch (Exception e)
        {
            // An exception must not unwind through libbpf; it is thrown again on the managed side of the same call.
            buffer.failure = ExceptionDispatchInfo.Capture(e);
            return -(int)Errno.ECANCELED;
        }
    }

    private nint Open() => ring != 0 ? ring : throw new ObjectDisposedException($"ring buffer {name}");

    private int Result(int result, string operation)
    {
        if (failure is { } thrown)
        {
            failure = null;
            thrown.Throw();
        }

        if ((Errno)(-result) == Errno.EINTR)
        {
            return 0;
        }

        BpfException.Check(result, operation, $"ring buffer {name}");
        return result;
    }
}
