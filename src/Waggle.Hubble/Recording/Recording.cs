using System.Buffers;
using System.Threading.Channels;
using Waggle.Hubble.Flows;
using Waggle.Hubble.Protocol.Recorders;

namespace Waggle.Hubble.Recording;

/// <summary>When a recording ends by itself; zero: never.</summary>
internal readonly record struct RecordingLimits(ulong Packets, ulong Bytes, TimeSpan Time);

/// <summary>One recording to one file, with a bounded queue between the datapath's reader and the disk.</summary>
internal sealed class Recording(RecordingFilter filter, uint maxLength, RecordingLimits limits, int queue)
{
    private readonly Channel<Captured> _packets = Channel.CreateBounded<Captured>(new BoundedChannelOptions(queue) { SingleReader = true, FullMode = BoundedChannelFullMode.Wait });
    private readonly TaskCompletionSource _full = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private ulong _packetsTaken, _bytesTaken, _packetsWritten, _bytesWritten, _packetsLost, _bytesLost;

    /// <summary>What it takes.</summary>
    public IReadOnlyList<RecordingRule> Rules => filter.Rules;

    /// <summary>Bytes of a packet at most.</summary>
    public uint SnapLength => maxLength == 0 ? RecorderServer.WholePacket : maxLength;

    /// <summary>Completes when a limit is reached.</summary>
    public Task Full => _full.Task;

    public RecordingStatistics Statistics => new()
    {
        PacketsCaptured = Volatile.Read(ref _packetsWritten), BytesCaptured = Volatile.Read(ref _bytesWritten), PacketsLost = Volatile.Read(ref _packetsLost), BytesLost = Volatile.Read(ref _bytesLost),
    };

    /// <summary>On the reader's thread.</summary>
    public void Offer(in FlowRecord parsed, ReadOnlySpan<byte> packet, uint originalLength, long unixNanoseconds)
    {
        if (_full.Task.IsCompleted || !filter.Matches(in parsed))
        {
            return;
        }

        int length = maxLength == 0 ? packet.Length : (int)Math.Min(maxLength, (uint)packet.Length);
        byte[] copy = ArrayPool<byte>.Shared.Rent(length);
        packet[..length].CopyTo(copy);
        if (!_packets.Writer.TryWrite(new Captured(copy, length, originalLength, unixNanoseconds)))
        {
            ArrayPool<byte>.Shared.Return(copy);
            Interlocked.Increment(ref _packetsLost);
            Interlocked.Add(ref _bytesLost, (ulong)length);
            return;
        }

        _packetsTaken++;
        _bytesTaken += (ulong)length;
        if ((limits.Packets > 0 && _packetsTaken >= limits.Packets) || (limits.Bytes > 0 && _bytesTaken >= limits.Bytes))
        {
            _full.TrySetResult();
        }
    }

    /// <summary>Packets that were lost on the way here.</summary>
    public void Lose(ulong packets, ulong bytes)
    {
        Interlocked.Add(ref _packetsLost, packets);
        Interlocked.Add(ref _bytesLost, bytes);
    }

    /// <summary>Nothing more is offered: the writer ends when it has written what waits.</summary>
    public void Complete() => _packets.Writer.TryComplete();

    /// <summary>Writes until <see cref="Complete"/>.</summary>
    public async Task WriteAsync(PcapWriter file, CancellationToken cancellation)
    {
        await foreach (Captured packet in _packets.Reader.ReadAllAsync(cancellation).ConfigureAwait(false))
        {
            await file.WriteAsync(packet.Bytes.AsMemory(0, packet.Length), packet.OriginalLength, packet.Time, cancellation).ConfigureAwait(false);
            ArrayPool<byte>.Shared.Return(packet.Bytes);
            Interlocked.Increment(ref _packetsWritten);
            Interlocked.Add(ref _bytesWritten, (ulong)packet.Length);
        }
    }

    private readonly record struct Captured(byte[] Bytes, int Length, uint OriginalLength, long Time);
}
