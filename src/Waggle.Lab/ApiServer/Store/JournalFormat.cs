using System.Buffers;
using System.Buffers.Binary;
using System.Numerics;
using System.Text;

namespace Waggle.Lab.ApiServer;

/// <summary>
/// The layout of journal and snapshot files. A frame is what one sync made durable:
/// magic u32 | payload length u32 | CRC-32C of the payload u32 | payload, all little-endian.
/// A payload is a row of records: kind u8 | revision i64 | resource | namespace | name | JSON, each text as length u32 + UTF-8.
/// </summary>
/// <remarks>One checksum covers a whole frame because the disk may keep any part of a write that was not synced.</remarks>
internal static class JournalFormat
{
    public const uint Magic = 0x314a4757; // "WGJ1"
    public const int HeaderSize = 12;
    public const int MaxPayload = 256 * 1024 * 1024;

    public static uint Crc32C(ReadOnlySpan<byte> data)
    {
        var crc = uint.MaxValue;
        while (data.Length >= 8)
        {
            crc = BitOperations.Crc32C(crc, BinaryPrimitives.ReadUInt64LittleEndian(data));
            data = data[8..];
        }
        foreach (var b in data)
        {
            crc = BitOperations.Crc32C(crc, b);
        }
        return ~crc;
    }

    public static void WriteRecord(IBufferWriter<byte> output, ChangeKind kind, string resource, StoredObject item)
    {
        var head = output.GetSpan(9);
        head[0] = (byte)kind;
        BinaryPrimitives.WriteInt64LittleEndian(head[1..], item.Revision);
        output.Advance(9);
        Text(output, resource);
        Text(output, item.Namespace);
        Text(output, item.Name);
        Blob(output, kind == ChangeKind.Put ? item.Json : []);
    }

    /// <summary>Fills the first <see cref="HeaderSize"/> bytes of a frame whose payload follows them.</summary>
    public static void WriteHeader(Span<byte> frame)
    {
        var payload = frame[HeaderSize..];
        BinaryPrimitives.WriteUInt32LittleEndian(frame, Magic);
        BinaryPrimitives.WriteUInt32LittleEndian(frame[4..], (uint)payload.Length);
        BinaryPrimitives.WriteUInt32LittleEndian(frame[8..], Crc32C(payload));
    }

    /// <summary>The payload of the frame at the start of <paramref name="data"/>; false when it is cut or its checksum is wrong.</summary>
    public static bool TryFrame(ReadOnlySpan<byte> data, out ReadOnlySpan<byte> payload)
    {
        payload = default;
        if (data.Length < HeaderSize || BinaryPrimitives.ReadUInt32LittleEndian(data) != Magic)
        {
            return false;
        }
        var length = BinaryPrimitives.ReadUInt32LittleEndian(data[4..]);
        if (length > MaxPayload || length > data.Length - HeaderSize)
        {
            return false;
        }
        payload = data.Slice(HeaderSize, (int)length);
        return Crc32C(payload) == BinaryPrimitives.ReadUInt32LittleEndian(data[8..]);
    }

    /// <summary>Where the next intact frame begins at or after <paramref name="from"/>; -1 when there is none.</summary>
    public static long FindFrame(ReadOnlySpan<byte> data, int from)
    {
        Span<byte> magic = stackalloc byte[4];
        BinaryPrimitives.WriteUInt32LittleEndian(magic, Magic);
        while (from < data.Length)
        {
            var at = data[from..].IndexOf(magic);
            if (at < 0)
            {
                return -1;
            }
            if (TryFrame(data[(from + at)..], out _))
            {
                return from + at;
            }
            from += at + 1;
        }
        return -1;
    }

    /// <exception cref="InvalidDataException">The payload does not hold whole records.</exception>
    public static List<(ChangeKind Kind, long Revision, string Resource, string Namespace, string Name, byte[] Json)> ReadRecords(ReadOnlySpan<byte> payload)
    {
        var records = new List<(ChangeKind, long, string, string, string, byte[])>();
        while (payload.Length > 0)
        {
            if (payload.Length < 9 || payload[0] is not ((byte)ChangeKind.Put or (byte)ChangeKind.Delete))
            {
                throw new InvalidDataException("a record has an unknown kind");
            }
            var kind = (ChangeKind)payload[0];
            var revision = BinaryPrimitives.ReadInt64LittleEndian(payload[1..]);
            payload = payload[9..];
            var resource = Encoding.UTF8.GetString(Take(ref payload));
            var @namespace = Encoding.UTF8.GetString(Take(ref payload));
            var name = Encoding.UTF8.GetString(Take(ref payload));
            records.Add((kind, revision, resource, @namespace, name, Take(ref payload).ToArray()));
        }
        return records;
    }

    private static ReadOnlySpan<byte> Take(ref ReadOnlySpan<byte> payload)
    {
        if (payload.Length < 4 || BinaryPrimitives.ReadUInt32LittleEndian(payload) is var length && length > payload.Length - 4)
        {
            throw new InvalidDataException("a record is cut");
        }
        var taken = payload.Slice(4, (int)BinaryPrimitives.ReadUInt32LittleEndian(payload));
        payload = payload[(4 + taken.Length)..];
        return taken;
    }

    private static void Text(IBufferWriter<byte> output, string text) => Blob(output, Encoding.UTF8.GetBytes(text));

    private static void Blob(IBufferWriter<byte> output, ReadOnlySpan<byte> data)
    {
        BinaryPrimitives.WriteUInt32LittleEndian(output.GetSpan(4), (uint)data.Length);
        output.Advance(4);
        output.Write(data);
    }
}
