using System.Globalization;
using System.Text.Json.Nodes;

namespace Waggle.Cli.Output;

/// <summary>Reads a template; a template without braces is one path.</summary>
internal sealed class JsonPathParser(string template)
{
    private int _at;

    public IReadOnlyList<JsonPath.Node> Parse()
    {
        if (!template.Contains('{'))
        {
            return [new JsonPath.PathNode(Steps(template.StartsWith('.') || template.StartsWith('[') || template.StartsWith('$') ? template : "." + template))];
        }

        var nodes = Nodes(insideRange: false);
        return nodes;
    }

    private List<JsonPath.Node> Nodes(bool insideRange)
    {
        var nodes = new List<JsonPath.Node>();
        while (_at < template.Length)
        {
            var open = template.IndexOf('{', _at);
            if (open < 0)
            {
                nodes.Add(new JsonPath.TextNode(template[_at..]));
                _at = template.Length;
                break;
            }

            if (open > _at)
            {
                nodes.Add(new JsonPath.TextNode(template[_at..open]));
            }

            var close = Close(open);
            var inner = template[(open + 1)..close].Trim();
            _at = close + 1;
            if (inner == "end")
            {
                return insideRange ? nodes : throw Malformed("{end} without {range}");
            }

            if (inner.StartsWith("range ", StringComparison.Ordinal))
            {
                var steps = Steps(inner["range ".Length..].Trim());
                nodes.Add(new JsonPath.RangeNode(steps, Nodes(insideRange: true)));
            }
            else if (inner.StartsWith('"') || inner.StartsWith('\''))
            {
                nodes.Add(new JsonPath.TextNode(Unquote(inner)));
            }
            else
            {
                nodes.Add(new JsonPath.PathNode(Steps(inner)));
            }
        }

        return insideRange ? throw Malformed("{range} without {end}") : nodes;
    }

    private int Close(int open)
    {
        var quote = '\0';
        for (var i = open + 1; i < template.Length; i++)
        {
            var c = template[i];
            if (quote != '\0')
            {
                i += c == '\\' ? 1 : 0;
                quote = c == quote ? '\0' : quote;
            }
            else if (c is '"' or '\'')
            {
                quote = c;
            }
            else if (c == '}')
            {
                return i;
            }
        }

        throw Malformed("a brace is not closed");
    }

    private List<JsonPathStep> Steps(string path)
    {
        var steps = new List<JsonPathStep>();
        var i = path.StartsWith('$') || path.StartsWith('@') ? 1 : 0;
        while (i < path.Length)
        {
            if (path[i] == '[')
            {
                var end = Bracket(path, i);
                steps.Add(Subscript(path[(i + 1)..end].Trim()));
                i = end + 1;
                continue;
            }

            if (path[i] != '.')
            {
                throw Malformed($"unexpected \"{path[i]}\"");
            }

            var deep = i + 1 < path.Length && path[i + 1] == '.';
            var from = i + (deep ? 2 : 1);
            var to = from;
            var name = "";
            while (to < path.Length && path[to] is not ('.' or '['))
            {
                // "\." keeps a dot inside a label or annotation key.
                to += path[to] == '\\' && to + 1 < path.Length ? 1 : 0;
                name += path[to++];
            }

            if (name.Length > 0)
            {
                steps.Add(deep ? new JsonPathStep.Descend(name) : name == "*" ? new JsonPathStep.Wildcard() : new JsonPathStep.Field(name));
            }

            i = to;
        }

        return steps;
    }

    private int Bracket(string path, int open)
    {
        var quote = '\0';
        for (var i = open + 1; i < path.Length; i++)
        {
            if (quote != '\0')
            {
                quote = path[i] == quote ? '\0' : quote;
            }
            else if (path[i] is '"' or '\'')
            {
                quote = path[i];
            }
            else if (path[i] == ']')
            {
                return i;
            }
        }

        throw Malformed("a bracket is not closed");
    }

    private JsonPathStep Subscript(string inner)
    {
        if (inner == "*")
        {
            return new JsonPathStep.Wildcard();
        }

        if (inner.Length >= 2 && inner[0] is '"' or '\'')
        {
            return new JsonPathStep.Field(Unquote(inner));
        }

        if (inner.StartsWith("?(", StringComparison.Ordinal) && inner.EndsWith(')'))
        {
            return Filter(inner[2..^1].Trim());
        }

        if (int.TryParse(inner, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var index))
        {
            return new JsonPathStep.Index(index);
        }

        var parts = inner.Split(':');
        if (parts.Length is 2 or 3)
        {
            var stride = parts.Length == 3 ? Bound(parts[2]) ?? 1 : 1;
            return new JsonPathStep.Slice(Bound(parts[0]), Bound(parts[1]), stride > 0 ? stride : throw Malformed("a slice goes forward"));
        }

        throw Malformed($"\"[{inner}]\" is not understood");
    }

    private int? Bound(string text) => text.Trim() switch
    {
        "" => null,
        var number when int.TryParse(number, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var value) => value,
        _ => throw Malformed($"\"{text}\" is no number"),
    };

    private JsonPathStep.Filter Filter(string condition)
    {
        foreach (var symbol in (string[])["==", "!=", "<=", ">=", "<", ">"])
        {
            var at = condition.IndexOf(symbol, StringComparison.Ordinal);
            if (at > 0)
            {
                return new JsonPathStep.Filter(Steps(condition[..at].Trim()), symbol, Literal(condition[(at + symbol.Length)..].Trim()));
            }
        }

        return new JsonPathStep.Filter(Steps(condition), null, null);
    }

    private JsonNode? Literal(string text)
    {
        if (text.StartsWith('"') || text.StartsWith('\''))
        {
            return JsonValue.Create(Unquote(text));
        }

        return text switch
        {
            "true" => JsonValue.Create(true),
            "false" => JsonValue.Create(false),
            "null" => null,
            _ when double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out var number) => JsonValue.Create(number),
            _ => throw Malformed($"\"{text}\" is no value"),
        };
    }

    private string Unquote(string text)
    {
        if (text.Length < 2 || text[^1] != text[0])
        {
            throw Malformed("a quote is not closed");
        }

        return text[1..^1].Replace("\\n", "\n").Replace("\\t", "\t").Replace("\\\"", "\"").Replace("\\'", "'").Replace("\\\\", "\\");
    }

    private CliException Malformed(string why) => CliException.Usage($"the jsonpath template \"{template}\" is malformed: {why}", "example: -o jsonpath='{[*].name}'");
}
