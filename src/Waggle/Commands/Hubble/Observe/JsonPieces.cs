using System.Text;
using System.Text.Json;
using Waggle.Cli;

namespace Waggle.Commands.Hubble.Observe;

/// <summary>Cuts a text into the JSON objects it consists of.</summary>
internal static class JsonPieces
{
    /// <exception cref="CliException">It is not JSON.</exception>
    public static IEnumerable<string> Split(string text, string flag)
    {
        var pieces = new List<string>();
        try
        {
            var bytes = Encoding.UTF8.GetBytes(text);
            var reader = new Utf8JsonReader(bytes, new JsonReaderOptions { AllowMultipleValues = true });
            while (reader.Read())
            {
                if (reader.TokenType == JsonTokenType.StartObject)
                {
                    var start = (int)reader.TokenStartIndex;
                    reader.Skip();
                    pieces.Add(Encoding.UTF8.GetString(bytes, start, (int)reader.BytesConsumed - start));
                }
                else if (reader.TokenType is not (JsonTokenType.StartArray or JsonTokenType.EndArray))
                {
                    throw new JsonException("objects are expected");
                }
            }
        }
        catch (JsonException wrong)
        {
            throw CliException.Usage($"{flag} is no JSON: {wrong.Message}", "It is a FlowFilter in JSON, such as {\"source_pod\":[\"default/\"]}.");
        }

        return pieces;
    }
}
