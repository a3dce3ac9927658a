using Google.Protobuf.WellKnownTypes;
using Waggle.Cli;

namespace Waggle.Commands.Hubble.Printing;

/// <summary>The forms in which events can be printed.</summary>
internal enum EventFormat
{
    Compact,
    Dict,
    Table,
    Json,
}

/// <param name="Translate">Names instead of addresses.</param>
/// <param name="Debug">Print informative node status messages too.</param>
internal sealed record PrintOptions(EventFormat Format, Func<Timestamp?, string> Time, bool NodeName, bool PolicyNames, bool Translate, bool Debug, bool Silent, Palette Style)
{
    private static readonly (string Word, EventFormat Format)[] Words =
    [
        ("compact", EventFormat.Compact), ("dict", EventFormat.Dict), ("json", EventFormat.Json), ("JSON", EventFormat.Json), ("jsonpb", EventFormat.Json), ("tab", EventFormat.Table), ("table", EventFormat.Table),
    ];

    public static readonly IReadOnlyList<string> Formats = ["compact", "dict", "json", "jsonpb", "table"];

    /// <exception cref="CliException">Unknown format.</exception>
    public static EventFormat ParseFormat(string text)
    {
        foreach (var (word, format) in Words)
        {
            if (word == text)
            {
                return format;
            }
        }

        throw CliException.Usage($"--output cannot be \"{text}\"", $"Did you mean \"{Suggestions.Nearest(text, Formats)}\"? Formats: {string.Join(", ", Formats)}.");
    }
}
