using System.Buffers.Binary;

namespace Waggle.Hubble.Recording;

/// <summary>The classic capture file with nanoseconds, as tcpdump and Wireshark read it. Packets begin with their Ethernet header.</summary>
public sealed class PcapWriter : IAsyncDisposable
{
    private const uint NanosecondMagic = 0xa1b23c4d;
    private const uint Ethernet = 1;
    private const int PacketHeader = 16;

    private readonly Stream _stream;
    private readonly byte[] _header = new byte[PacketHeader];

    private PcapWriter(Stream stream) => _stream = stream;

    /// <summary>Writes the file's header.</summary>
    /// <param name="snapLength">Bytes of a packet at most.</param>
    public static async Task<PcapWriter> CreateAsync(Stream stream, uint snapLength, CancellationToken cancellation)
    {
        byte[] header = new byte[24];
        BinaryPrimitives.WriteUInt32LittleEndian(header, NanosecondMagic);
        BinaryPrimitives.WriteUInt16LittleEndian(header.AsSpan(4), 2);
        BinaryPrimitives.WriteUInt16LittleEndian(header.AsSpan(6), 4);
        BinaryPrimitives.WriteUInt32LittleEndian(header.AsSpan(16), snapLength);
        BinaryPrimitives.WriteUInt32LittleEndian(header.AsSpan(20), Ethernet);
        await stream.WriteAsync(header, cancellation).ConfigureAwait(false);
        return new PcapWriter(stream);
    }

    /// <param name="originalLength">Bytes that the packet had on the wire.</param>
    public async ValueTask WriteAsync(ReadOnlyMemory<byte> packet, uint originalLength, long unixNanoseconds, CancellationToken cancellation)
    {
        BinaryPrimitives.WriteUInt32LittleEndian(_header, (uint)(unixNanoseconds / 1_000_000_000));
        BinaryPrimitives.WriteUInt32LittleEndian(_header.AsSpan(4), (uint)(unixNanoseconds % 1_000_000_000));
        BinaryPrimitives.WriteUInt32LittleEndian(_header.AsSpan(8), (uint)packet.Length);
        BinaryPrimitives.WriteUInt32LittleEndian(_header.AsSpan(12), Math.Max(originalLength, (uint)packet.Length));
        await _stream.WriteAsync(_header, cancellation).ConfigureAwait(false);
        await _stream.WriteAsync(packet, cancellation).ConfigureAwait(false);
    }

    public ValueTask DisposeAsync() => _stream.DisposeAsync();
}
