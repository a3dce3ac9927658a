using System.Buffers;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization.Metadata;

namespace Waggle.Lab.ApiServer;

/// <summary>Reads JSON into fully built trees and writes trees as compact UTF-8.</summary>
/// <remarks>
/// The tree is built eagerly: nodes made by <see cref="JsonNode.Parse(string,JsonNodeOptions?,JsonDocumentOptions)"/> unfold lazily,
/// which is not safe for readers on several threads, and throw late on a repeated name.
/// </remarks>
internal static class JsonText
{
    /// <summary>Deepest nesting accepted from a client.</summary>
    public const int MaxDepth = 128;

    public static readonly JsonWriterOptions WriterOptions = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping, SkipValidation = true, MaxDepth = MaxDepth + 16 };

    public static readonly JsonSerializerOptions NodeOptions = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping, TypeInfoResolver = JsonTypeInfoResolver.Combine() };

    /// <exception cref="JsonException">The text is not JSON.</exception>
    public static JsonNode? Parse(ReadOnlySpan<byte> utf8, List<string>? duplicates = null)
    {
        if (utf8.StartsWith("\uFEFF"u8))
        {
            utf8 = utf8[3..];
        }
        var reader = new Utf8JsonReader(utf8, new JsonReaderOptions { MaxDepth = MaxDepth });
        if (!reader.Read())
        {
            throw new JsonException("the text is empty");
        }
        var node = Value(ref reader, duplicates, "");
        return reader.Read() ? throw new JsonException("there is text after the JSON value") : node;
    }

    /// <exception cref="JsonException">The text is not a JSON object.</exception>
    public static JsonObject ParseObject(ReadOnlySpan<byte> utf8, List<string>? duplicates = null) =>
        Parse(utf8, duplicates) as JsonObject ?? throw new JsonException("a JSON object is expected");

    public static byte[] Write(JsonNode? node)
    {
        var buffer = new ArrayBufferWriter<byte>(1024);
        using (var writer = new Utf8JsonWriter(buffer, WriterOptions))
        {
            if (node is null)
            {
                writer.WriteNullValue();
            }
            else
            {
                node.WriteTo(writer, NodeOptions);
            }
        }
        return buffer.WrittenSpan.ToArray();
    }

    private static JsonNode? Value(ref Utf8JsonReader reader, List<string>? duplicates, string path)
    {
        switch (reader.TokenType)
        {
            case JsonTokenType.StartObject:
                return Object(ref reader, duplicates, path);
            case JsonTokenType.StartArray:
                var array = new JsonArray();
                while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
                {
                    array.Add(Value(ref reader, duplicates, duplicates is null ? "" : $"{path}[{array.Count}]"));
                }
                return array;
            case JsonTokenType.String:
                return JsonValue.Create(Text(ref reader));
            case JsonTokenType.Number:
                return reader.TryGetInt64(out var l) ? JsonValue.Create(l) : JsonValue.Create(Finite(reader.GetDouble()));
            case JsonTokenType.True:
                return JsonValue.Create(true);
            case JsonTokenType.False:
                return JsonValue.Create(false);
            default:
                return null;
        }
    }

    private static JsonObject Object(ref Utf8JsonReader reader, List<string>? duplicates, string path)
    {
        var result = new JsonObject();
        while (reader.Read() && reader.TokenType != JsonTokenType.EndObject)
        {
            var name = Text(ref reader);
            reader.Read();
            var child = duplicates is null ? "" : path.Length == 0 ? name : $"{path}.{name}";
            var value = Value(ref reader, duplicates, child);
            if (!result.TryAdd(name, value))
            {
                duplicates?.Add(child);
                result[name] = value;
            }
        }
        return result;
    }

    private static string Text(ref Utf8JsonReader reader)
    {
        try
        {
            return reader.GetString()!;
        }
        catch (InvalidOperationException e)
        {
            throw new JsonException("a string is not valid UTF-8", e);
        }
    }

    private static double Finite(double value) => double.IsFinite(value) ? value : throw new JsonException("a number is out of range");
}
