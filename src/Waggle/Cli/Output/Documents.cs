using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Waggle.Cli.Output;

/// <summary>Prints one JSON value in a structured format.</summary>
public static class Documents
{
    // Readable text: addresses, labels and emoji as they are. The output is no HTML.
    private static readonly JsonWriterOptions Indented = new() { Indented = true, NewLine = "\n", Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    private static readonly JsonWriterOptions OneLine = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>Prints in the format asked for; table formats fall back to YAML, the readable one.</summary>
    public static void Write(TextWriter output, OutputRequest request, JsonNode? value)
    {
        switch (request.Format)
        {
            case OutputFormat.Json:
                output.Write(Text(value, Indented));
                output.Write('\n');
                break;
            case OutputFormat.JsonLines:
                WriteLine(output, value);
                break;
            case OutputFormat.JsonPath:
                output.Write(JsonPath.Parse(request.Template).Render(value));
                break;
            default:
                YamlWriter.Write(output, value);
                break;
        }
    }

    /// <summary>One value on one line.</summary>
    public static void WriteLine(TextWriter output, JsonNode? value)
    {
        output.Write(Text(value, OneLine));
        output.Write('\n');
    }

    private static string Text(JsonNode? value, JsonWriterOptions options)
    {
        using var buffer = new MemoryStream();
        using (var writer = new Utf8JsonWriter(buffer, options))
        {
            if (value is null)
            {
                writer.WriteNullValue();
            }
            else
            {
                value.WriteTo(writer);
            }
        }

        return Encoding.UTF8.GetString(buffer.GetBuffer(), 0, (int)buffer.Length);
    }
}
