using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using YamlDotNet.Core;
using YamlDotNet.Core.Events;

namespace Waggle.Lab.ApiServer;

/// <summary>Reads one YAML document into a JSON tree, with the rules of YAML's core schema for plain scalars.</summary>
/// <remarks>Anchors are expanded with a bound on the number of nodes, so that a small text cannot unfold without end.</remarks>
internal static class YamlTree
{
    private const int MaxNodes = 200_000;

    /// <exception cref="JsonException">Not YAML, more than one document, or too deep or too large when unfolded.</exception>
    public static JsonNode? Parse(string text, List<string>? duplicates = null)
    {
        try
        {
            var parser = new Parser(new StringReader(text));
            parser.Consume<StreamStart>();
            if (!parser.TryConsume<DocumentStart>(out _))
            {
                return null;
            }
            var state = new State(parser, duplicates);
            var node = state.Read(0, "");
            parser.Consume<DocumentEnd>();
            return parser.Accept<StreamEnd>(out _) ? node : throw new JsonException("only one YAML document is expected");
        }
        catch (YamlException e)
        {
            throw new JsonException($"the YAML cannot be read: line {e.Start.Line}: {e.Message}", e);
        }
    }

    private sealed class State(IParser parser, List<string>? duplicates)
    {
        private readonly Dictionary<string, JsonNode?> _anchors = [];
        private int _nodes;

        public JsonNode? Read(int depth, string path)
        {
            if (depth > JsonText.MaxDepth || ++_nodes > MaxNodes)
            {
                throw new JsonException("the YAML is nested too deeply or too large");
            }
            if (parser.TryConsume<AnchorAlias>(out var alias))
            {
                var target = _anchors.TryGetValue(alias.Value.Value, out var known) ? known : throw new JsonException($"unknown YAML anchor {alias.Value}");
                _nodes += Count(target);
                return J.Clone(target);
            }
            if (parser.TryConsume<Scalar>(out var scalar))
            {
                return Keep(scalar.Anchor, ScalarValue(scalar));
            }
            if (parser.TryConsume<SequenceStart>(out var sequence))
            {
                var array = new JsonArray();
                while (!parser.TryConsume<SequenceEnd>(out _))
                {
                    array.Add(Read(depth + 1, $"{path}[{array.Count}]"));
                }
                return Keep(sequence.Anchor, array);
            }
            var start = parser.Consume<MappingStart>();
            var map = new JsonObject();
            while (!parser.TryConsume<MappingEnd>(out _))
            {
                var key = parser.Consume<Scalar>().Value;
                var child = path.Length == 0 ? key : $"{path}.{key}";
                var value = Read(depth + 1, child);
                if (!map.TryAdd(key, value))
                {
                    duplicates?.Add(child);
                    map[key] = value;
                }
            }
            return Keep(start.Anchor, map);
        }

        private JsonNode? Keep(AnchorName anchor, JsonNode? node)
        {
            if (!anchor.IsEmpty)
            {
                _anchors[anchor.Value] = J.Clone(node);
            }
            return node;
        }

        private static int Count(JsonNode? node) => node switch
        {
            JsonObject o => 1 + o.Sum(p => Count(p.Value)),
            JsonArray a => 1 + a.Sum(Count),
            _ => 1,
        };

        private static JsonValue? ScalarValue(Scalar scalar)
        {
            var text = scalar.Value;
            if (scalar.Style != ScalarStyle.Plain || scalar.Tag.ToString() == "tag:yaml.org,2002:str")
            {
                return JsonValue.Create(text);
            }
            switch (text)
            {
                case "" or "~" or "null" or "Null" or "NULL":
                    return null;
                case "true" or "True" or "TRUE" or "yes" or "on":
                    return text is "yes" or "on" ? JsonValue.Create(text) : JsonValue.Create(true);
                case "false" or "False" or "FALSE":
                    return JsonValue.Create(false);
            }
            if (long.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var l))
            {
                return JsonValue.Create(l);
            }
            if (text.StartsWith("0x", StringComparison.Ordinal) && long.TryParse(text.AsSpan(2), NumberStyles.HexNumber, CultureInfo.InvariantCulture, out var hex))
            {
                return JsonValue.Create(hex);
            }
            var first = text[0] is '-' or '+' or '.' ? (text.Length > 1 ? text[1] : ' ') : text[0];
            if ((char.IsAsciiDigit(first) || first == '.') && double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out var d) && double.IsFinite(d))
            {
                return JsonValue.Create(d);
            }
            return JsonValue.Create(text);
        }
    }
}
