namespace Waggle.Cli.Output;

/// <summary>The forms in which data can be printed.</summary>
public enum OutputFormat
{
    Table,
    Wide,
    Json,
    JsonLines,
    Yaml,
    Name,
    JsonPath,
}

/// <param name="Template">The JSONPath template; empty for the other formats.</param>
public readonly record struct OutputRequest(OutputFormat Format, string Template = "", bool NoHeaders = false)
{
    private static readonly (string Word, OutputFormat Format)[] Words =
    [
        ("table", OutputFormat.Table), ("summary", OutputFormat.Table), ("wide", OutputFormat.Wide), ("json", OutputFormat.Json), ("jsonl", OutputFormat.JsonLines),
        ("yaml", OutputFormat.Yaml), ("name", OutputFormat.Name),
    ];

    /// <summary>Data for programs: no tables, no colour.</summary>
    public bool Structured => Format is not (OutputFormat.Table or OutputFormat.Wide);

    /// <exception cref="CliException">Unknown format.</exception>
    public static OutputRequest Parse(string? text, bool noHeaders)
    {
        if (string.IsNullOrEmpty(text))
        {
            return new OutputRequest(OutputFormat.Table, "", noHeaders);
        }

        foreach (var (word, format) in Words)
        {
            if (text == word)
            {
                return new OutputRequest(format, "", noHeaders);
            }
        }

        if (text.StartsWith("jsonpath=", StringComparison.Ordinal))
        {
            return new OutputRequest(OutputFormat.JsonPath, text["jsonpath=".Length..], noHeaders);
        }

        throw CliException.Usage($"--output cannot be \"{text}\"", $"Did you mean \"{Suggestions.Nearest(text, Words.Select(each => each.Word))}\"? Formats: table, wide, json, jsonl, yaml, name, jsonpath=TEMPLATE.");
    }
}

/// <summary>The two flags of every command that prints data.</summary>
public sealed class OutputFlags
{
    public Flag<string?> Output { get; } = new("--output", "table, wide, json, jsonl, yaml, name or jsonpath=TEMPLATE", "-o")
    {
        Group = "Output flags", HelpName = "FORMAT", Values = _ => ["table", "wide", "json", "jsonl", "yaml", "name", "jsonpath="],
    };

    public Flag<bool> NoHeaders { get; } = new("--no-headers", "leave out the header line of tables") { Group = "Output flags" };

    public IReadOnlyList<IFlag> All => [Output, NoHeaders];

    public OutputRequest Read(Call call) => OutputRequest.Parse(call.Get(Output), call.Get(NoHeaders));
}
