using System.Text.Json;
using System.Text.Json.Nodes;

namespace Waggle.Cli.Output;

/// <summary>JSON values as YAML 1.2 block style; strings that YAML (1.1 too) would read as something else are quoted.</summary>
/// <remarks>A full YAML library costs more start-up time than the whole command.</remarks>
public static class YamlWriter
{
    public static void Write(TextWriter output, JsonNode? value)
    {
        if (value is JsonObject { Count: > 0 } or JsonArray { Count: > 0 })
        {
            WriteBlock(output, value, 0, continued: false);
        }
        else
        {
            output.Write(Scalar(value) + "\n");
        }
    }

    private static void WriteBlock(TextWriter output, JsonNode value, int indent, bool continued)
    {
        if (value is JsonObject fields)
        {
            foreach (var (key, child) in fields)
            {
                Indent(output, continued ? 0 : indent);
                continued = false;
                output.Write(Quote(key) + ":");
                WriteChild(output, child, indent, child is JsonArray ? indent : indent + 2);
            }
        }
        else
        {
            foreach (var child in value.AsArray())
            {
                Indent(output, continued ? 0 : indent);
                continued = false;
                output.Write("-");
                if (child is JsonObject { Count: > 0 } or JsonArray { Count: > 0 })
                {
                    output.Write(' ');
                    WriteBlock(output, child, indent + 2, continued: true);
                }
                else
                {
                    WriteChild(output, child, indent, indent + 2);
                }
            }
        }
    }

    private static void WriteChild(TextWriter output, JsonNode? child, int indent, int childIndent)
    {
        if (child is JsonObject { Count: > 0 } or JsonArray { Count: > 0 })
        {
            output.Write('\n');
            WriteBlock(output, child, childIndent, continued: false);
        }
        else if (Literal(child) is { } lines)
        {
            output.Write(lines[^1].Length == 0 ? " |\n" : " |-\n");
            foreach (var line in lines[^1].Length == 0 ? lines[..^1] : lines)
            {
                Indent(output, line.Length == 0 ? 0 : indent + 2);
                output.Write(line + "\n");
            }
        }
        else
        {
            output.Write(" " + Scalar(child) + "\n");
        }
    }

    // Block literals keep multi-line text readable; anything they could not carry exactly is quoted instead.
    private static string[]? Literal(JsonNode? value)
    {
        if (value is not JsonValue || value.GetValueKind() != JsonValueKind.String || value.GetValue<string>() is not { } text || !text.TrimEnd('\n').Contains('\n'))
        {
            return null;
        }

        var exact = !text.StartsWith(' ') && !text.StartsWith('\n') && !text.EndsWith("\n\n", StringComparison.Ordinal) && !text.Any(c => char.IsControl(c) && c != '\n') && !text.Contains(" \n");
        return exact ? text.Split('\n') : null;
    }

    private static string Scalar(JsonNode? value) => value switch
    {
        null => "null",
        JsonObject => "{}",
        JsonArray => "[]",
        _ when value.GetValueKind() == JsonValueKind.String => Quote(value.GetValue<string>()),
        _ => value.ToJsonString(),
    };

    internal static string Quote(string text) => IsPlain(text) ? text : JsonEncode(text);

    private static bool IsPlain(string text)
    {
        if (text.Length == 0 || char.IsWhiteSpace(text[0]) || char.IsWhiteSpace(text[^1]) || "-?:,[]{}#&*!|>'\"%@`=~<.+".Contains(text[0]))
        {
            return false;
        }

        if (text.Contains(": ") || text.Contains(" #") || text.EndsWith(':') || text.Any(c => char.IsControl(c) || c is '\u0085' or '\u2028' or '\u2029' or '\ufeff'))
        {
            return false;
        }

        // Numbers, dates, sexagesimals and the many spellings of booleans and null.
        return !char.IsAsciiDigit(text[0]) ? text.ToLowerInvariant() is not ("true" or "false" or "null" or "yes" or "no" or "on" or "off" or "y" or "n") : IsSafeDigits(text);
    }

    // IPv4 addresses and names such as "3node" cannot be read as anything but text.
    private static bool IsSafeDigits(string text) =>
        text.Count(c => c == '.') >= 3 && text.All(c => char.IsAsciiDigit(c) || c is '.' or '/') || text.Any(c => c is >= 'g' and <= 'z' and not 'o' and not 'x' or '/');

    private static string JsonEncode(string text) => "\"" + JsonEncodedText.Encode(text, System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping) + "\"";

    private static void Indent(TextWriter output, int count)
    {
        for (; count > 0; count--)
        {
            output.Write(' ');
        }
    }
}
