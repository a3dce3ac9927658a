using System.Buffers;
using System.IO.Pipelines;
using System.Text.Json;

namespace Waggle.Kube.Client;

/// <summary>Cuts a watch's body into lines. A line is valid until the next read.</summary>
internal sealed class WatchLineReader(Stream stream) : IAsyncDisposable
{
    /// <summary>Far above the 1.5 MB that an API server lets an object have.</summary>
    internal const int MaxLine = 16 * 1024 * 1024;

    private readonly PipeReader _pipe = PipeReader.Create(stream, new StreamPipeReaderOptions(bufferSize: 16 * 1024));
    private SequencePosition? _consumed;

    public ValueTask DisposeAsync() => _pipe.CompleteAsync();

    /// <summary>The next line that is not empty, or null at the end. An unfinished last line is dropped: its event was cut off.</summary>
    /// <exception cref="InvalidDataException">A line is longer than <see cref="MaxLine"/>.</exception>
    internal async ValueTask<ReadOnlyMemory<byte>?> ReadAsync(CancellationToken cancellation)
    {
        if (_consumed is { } consumed)
        {
            _pipe.AdvanceTo(consumed);
            _consumed = null;
        }

        while (true)
        {
            var result = await _pipe.ReadAsync(cancellation).ConfigureAwait(false);
            var buffer = result.Buffer;
            if (buffer.PositionOf((byte)'\n') is { } end)
            {
                var line = buffer.Slice(0, end);
                var next = buffer.GetPosition(1, end);
                if (line.IsEmpty)
                {
                    _pipe.AdvanceTo(next);
                    continue;
                }

                _consumed = next;
                return line.IsSingleSegment ? line.First : line.ToArray();
            }

            if (buffer.Length > MaxLine)
            {
                throw new InvalidDataException($"a watch event is longer than {MaxLine} bytes");
            }

            _pipe.AdvanceTo(buffer.Start, buffer.End);
            if (result.IsCompleted)
            {
                return null;
            }
        }
    }
}

/// <summary>A watch line <c>{"type": …, "object": …}</c> in either order of its members.</summary>
internal readonly ref struct WatchFrame
{
    private WatchFrame(string type, ReadOnlySpan<byte> body)
    {
        Type = type;
        Body = body;
    }

    internal string Type { get; }

    internal ReadOnlySpan<byte> Body { get; }

    internal void Deconstruct(out string type, out ReadOnlySpan<byte> body)
    {
        type = Type;
        body = Body;
    }

    /// <exception cref="JsonException">Not such a line.</exception>
    internal static WatchFrame Split(ReadOnlySpan<byte> line)
    {
        try
        {
            return SplitCore(line);
        }
        catch (InvalidOperationException e)
        {
            throw new JsonException("a watch event is not UTF-8", e);
        }
    }

    private static WatchFrame SplitCore(ReadOnlySpan<byte> line)
    {
        string? type = null;
        var body = ReadOnlySpan<byte>.Empty;
        var reader = new Utf8JsonReader(line);
        if (!reader.Read() || reader.TokenType != JsonTokenType.StartObject)
        {
            throw new JsonException("a watch event is not a JSON object");
        }

        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            var isType = reader.ValueTextEquals("type"u8);
            var isObject = reader.ValueTextEquals("object"u8);
            reader.Read();
            if (isType && reader.TokenType == JsonTokenType.String)
            {
                type = reader.GetString();
                continue;
            }

            var start = (int)reader.TokenStartIndex;
            reader.Skip();
            if (isObject)
            {
                body = line[start..(int)reader.BytesConsumed];
            }
        }

        return type is null || body.IsEmpty ? throw new JsonException("a watch event lacks its type or object") : new(type, body);
    }
}
