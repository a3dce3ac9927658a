using System.Globalization;
using System.Text.Json.Nodes;
using YamlDotNet.Core;
using YamlDotNet.RepresentationModel;

namespace Waggle.Kube.Json;

/// <summary>Reads manifests: YAML documents as JSON trees, with the scalar types of the YAML 1.2 core schema (as kubectl reads them).</summary>
public static class KubeYaml
{
    /// <summary>Every document that is not empty.</summary>
    /// <exception cref="FormatException">Not YAML, a document is not a mapping, or a key is not a text; the message has the line.</exception>
    public static IReadOnlyList<JsonObject> ReadAll(TextReader text)
    {
        var stream = new YamlStream();
        try
        {
            stream.Load(text);
        }
        catch (YamlException e)
        {
            throw new FormatException($"line {e.Start.Line}: {e.Message}", e);
        }

        var documents = new List<JsonObject>();
        foreach (var document in stream.Documents)
        {
            switch (Convert(document.RootNode, 0))
            {
                case JsonObject o: documents.Add(o); break;
                case null: break;
                default: throw new FormatException($"line {document.RootNode.Start.Line}: the document is not a mapping");
            }
        }

        return documents;
    }

    /// <inheritdoc cref="ReadAll(TextReader)"/>
    public static IReadOnlyList<JsonObject> ReadAll(string text) => ReadAll(new StringReader(text));

    private static JsonNode? Convert(YamlNode node, int depth)
    {
        // Aliases are expanded by the reader; the bound also ends documents that expand without end.
        if (depth > 64)
        {
            throw new FormatException($"line {node.Start.Line}: nested deeper than 64 levels");
        }

        switch (node)
        {
            case YamlMappingNode mapping:
                var o = new JsonObject();
                foreach (var (key, value) in mapping.Children)
                {
                    var name = (key as YamlScalarNode)?.Value ?? throw new FormatException($"line {key.Start.Line}: a key is not a text");
                    o[name] = Convert(value, depth + 1);
                }

                return o;
            case YamlSequenceNode sequence:
                var a = new JsonArray();
                foreach (var item in sequence.Children)
                {
                    a.Add(Convert(item, depth + 1));
                }

                return a;
            case YamlScalarNode scalar:
                return Scalar(scalar);
            default:
                throw new FormatException($"line {node.Start.Line}: unexpected node");
        }
    }

    private static JsonNode? Scalar(YamlScalarNode scalar)
    {
        var text = scalar.Value ?? "";
        if (scalar.Style != ScalarStyle.Plain)
        {
            return JsonValue.Create(text);
        }

        switch (text)
        {
            case "" or "~" or "null" or "Null" or "NULL": return null;
            case "true" or "True" or "TRUE": return JsonValue.Create(true);
            case "false" or "False" or "FALSE": return JsonValue.Create(false);
            default: break;
        }

        if (long.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var integer) && (text.TrimStart('+', '-') is "0" || !text.TrimStart('+', '-').StartsWith('0')))
        {
            return JsonValue.Create(integer);
        }

        return char.IsAsciiDigit(text.TrimStart('-', '.')[..Math.Min(1, text.TrimStart('-', '.').Length)].FirstOrDefault()) && text.AsSpan().ContainsAny('.', 'e', 'E')
            && double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out var number)
            ? JsonValue.Create(number)
            : JsonValue.Create(text);
    }
}
