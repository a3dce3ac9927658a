using System.Buffers.Binary;
using System.IO.Compression;
using System.Text;

namespace Waggle.Lab.ApiServer;

/// <summary>Header blocks of one direction of a SPDY/3.1 connection: one zlib stream over all of them, with a preset dictionary.</summary>
/// <remarks>
/// .NET's inflater takes no dictionary. A stored deflate block that holds the dictionary, put in front of the client's data,
/// fills the window with the same bytes: what follows decodes as if the dictionary had been set.
/// </remarks>
internal sealed class SpdyHeaderReader : IDisposable
{
    private const int MaxHeaders = 100;
    private const int MaxText = 16 * 1024;

    private readonly Feed _feed = new();
    private readonly DeflateStream _inflate;
    private bool _started;

    public SpdyHeaderReader() => _inflate = new DeflateStream(_feed, CompressionMode.Decompress);

    /// <exception cref="InvalidDataException">The block is malformed.</exception>
    public Dictionary<string, string> Read(ReadOnlySpan<byte> block)
    {
        if (!_started)
        {
            block = Start(block);
        }
        _feed.Add(block);
        var headers = new Dictionary<string, string>(StringComparer.OrdinalIgnoreCase);
        var count = ReadInt();
        if (count is < 0 or > MaxHeaders)
        {
            throw new InvalidDataException("a SPDY header block has too many headers");
        }
        for (var i = 0; i < count; i++)
        {
            var name = ReadText();
            headers[name] = ReadText();
        }
        return headers;
    }

    public void Dispose()
    {
        _inflate.Dispose();
        _feed.Dispose();
    }

    // zlib header (RFC 1950): two bytes, then the dictionary's checksum when the FDICT bit is set.
    private ReadOnlySpan<byte> Start(ReadOnlySpan<byte> block)
    {
        _started = true;
        if (block.Length < 2 || (block[0] & 0x0f) != 8 || ((block[0] << 8) + block[1]) % 31 != 0)
        {
            throw new InvalidDataException("a SPDY header block does not begin with a zlib header");
        }
        if ((block[1] & 0x20) == 0)
        {
            return block[2..];
        }
        if (block.Length < 6 || BinaryPrimitives.ReadUInt32BigEndian(block[2..]) != SpdyDictionary.Adler32)
        {
            throw new InvalidDataException("a SPDY header block uses an unknown dictionary");
        }
        _feed.Add(SpdyHeaderWriter.Stored(SpdyDictionary.Bytes));
        _inflate.ReadExactly(new byte[SpdyDictionary.Bytes.Length]);
        return block[6..];
    }

    private int ReadInt()
    {
        Span<byte> bytes = stackalloc byte[4];
        Fill(bytes);
        return BinaryPrimitives.ReadInt32BigEndian(bytes);
    }

    private string ReadText()
    {
        var length = ReadInt();
        if (length is < 0 or > MaxText)
        {
            throw new InvalidDataException("a SPDY header is too long");
        }
        var bytes = new byte[length];
        Fill(bytes);
        return Encoding.Latin1.GetString(bytes);
    }

    private void Fill(Span<byte> bytes)
    {
        try
        {
            _inflate.ReadExactly(bytes);
        }
        catch (EndOfStreamException e)
        {
            throw new InvalidDataException("a SPDY header block is cut", e);
        }
    }

    /// <summary>What has arrived and is not decoded yet.</summary>
    private sealed class Feed : MemoryStream
    {
        public void Add(ReadOnlySpan<byte> data)
        {
            var rest = ToArray().AsSpan((int)Position).ToArray();
            SetLength(0);
            Position = 0;
            Write(rest);
            Write(data);
            Position = 0;
        }
    }
}

/// <summary>Writes header blocks as stored deflate blocks: legal zlib, and our headers are a few bytes.</summary>
internal sealed class SpdyHeaderWriter
{
    private bool _started;

    public byte[] Write(IReadOnlyDictionary<string, string> headers)
    {
        var plain = new MemoryStream();
        WriteInt(plain, headers.Count);
        foreach (var (name, value) in headers)
        {
            WriteInt(plain, name.Length);
            plain.Write(Encoding.Latin1.GetBytes(name.ToLowerInvariant()));
            WriteInt(plain, value.Length);
            plain.Write(Encoding.Latin1.GetBytes(value));
        }
        // The empty block behind it is zlib's sync flush: Go's inflater hands out what it has only then.
        byte[] block = [.. Stored(plain.ToArray()), .. Stored([])];
        if (_started)
        {
            return block;
        }
        _started = true;
        return [0x78, 0x01, .. block];
    }

    /// <summary>A deflate block without compression (RFC 1951 §3.2.4), not the last one.</summary>
    public static byte[] Stored(ReadOnlySpan<byte> data)
    {
        var block = new byte[5 + data.Length];
        BinaryPrimitives.WriteUInt16LittleEndian(block.AsSpan(1), (ushort)data.Length);
        BinaryPrimitives.WriteUInt16LittleEndian(block.AsSpan(3), (ushort)~data.Length);
        data.CopyTo(block.AsSpan(5));
        return block;
    }

    private static void WriteInt(MemoryStream stream, int value)
    {
        Span<byte> bytes = stackalloc byte[4];
        BinaryPrimitives.WriteInt32BigEndian(bytes, value);
        stream.Write(bytes);
    }
}
