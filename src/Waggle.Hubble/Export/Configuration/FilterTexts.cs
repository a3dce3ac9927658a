using System.Text.Json;
using System.Text.Json.Nodes;
using Google.Protobuf;
using Waggle.Hubble.Protocol.Flows;

namespace Waggle.Hubble.Export.Configuration;

/// <summary>Filters written as JSON in configuration keys and files.</summary>
public static class FilterTexts
{
    private static readonly JsonParser Parser = new(JsonParser.Settings.Default);

    /// <summary>Reads filters that stand one after the other, with blanks between them.</summary>
    /// <exception cref="FormatException">It is not JSON, or not a filter.</exception>
    public static IReadOnlyList<FlowFilter> ParseAll(string text)
    {
        var filters = new List<FlowFilter>();
        byte[] bytes = System.Text.Encoding.UTF8.GetBytes(text);
        try
        {
            var reader = new Utf8JsonReader(bytes, new JsonReaderOptions { AllowMultipleValues = true });
            while (reader.Read())
            {
                int start = (int)reader.TokenStartIndex;
                reader.Skip();
                filters.Add(Parse(System.Text.Encoding.UTF8.GetString(bytes, start, (int)reader.BytesConsumed - start)));
            }
        }
        catch (JsonException wrong)
        {
            throw new FormatException($"no JSON: {wrong.Message}", wrong);
        }

        return filters;
    }

    /// <exception cref="FormatException">It is not a filter.</exception>
    public static IReadOnlyList<FlowFilter> ParseList(JsonNode? list) => list switch
    {
        null => [],
        JsonArray items => [.. items.Select(item => Parse(item?.ToJsonString() ?? "null"))],
        _ => throw new FormatException("a list of filters is expected"),
    };

    private static FlowFilter Parse(string json)
    {
        try
        {
            return Parser.Parse<FlowFilter>(json);
        }
        catch (Exception wrong) when (wrong is InvalidProtocolBufferException or InvalidJsonException or InvalidOperationException)
        {
            throw new FormatException(wrong.Message, wrong);
        }
    }
}
