using System.Text.Json.Nodes;

namespace Waggle.Lab.ApiServer;

/// <summary>The part of Kubernetes' JSONPath that printer columns use: <c>.a.b</c>, <c>['a.b']</c>, <c>[0]</c>, <c>[*]</c>, <c>[?(@.type=="Ready")]</c>.</summary>
internal sealed class JsonPath
{
    private readonly List<Step> _steps = [];

    private JsonPath() { }

    public static bool TryParse(string text, out JsonPath path)
    {
        path = new JsonPath();
        text = text.Trim();
        if (text.StartsWith('{') && text.EndsWith('}'))
        {
            text = text[1..^1].Trim();
        }
        if (text.StartsWith('$'))
        {
            text = text[1..];
        }
        if (text.Length == 0 || text.Length > 512 || (text[0] is not ('.' or '[')))
        {
            return false;
        }
        var at = 0;
        while (at < text.Length)
        {
            if (text[at] == '.')
            {
                at++;
                var start = at;
                while (at < text.Length && text[at] is not ('.' or '['))
                {
                    at += text[at] == '\\' && at + 1 < text.Length ? 2 : 1;
                }
                if (at == start)
                {
                    if (at < text.Length && text[at] == '[')
                    {
                        continue;
                    }
                    return false;
                }
                var name = text[start..at].Replace("\\", "", StringComparison.Ordinal);
                path._steps.Add(name == "*" ? new Step(StepKind.All, "", 0, [], "") : new Step(StepKind.Member, name, 0, [], ""));
                continue;
            }
            if (text[at] != '[')
            {
                return false;
            }
            var end = Close(text, at);
            if (end < 0 || !path.Bracket(text[(at + 1)..end].Trim()))
            {
                return false;
            }
            at = end + 1;
        }
        return true;
    }

    public IEnumerable<JsonNode?> Find(JsonNode root)
    {
        IEnumerable<JsonNode?> nodes = [root];
        foreach (var step in _steps)
        {
            nodes = nodes.SelectMany(n => Follow(step, n)).ToList();
        }
        return nodes;
    }

    private static IEnumerable<JsonNode?> Follow(Step step, JsonNode? node)
    {
        switch (step.Kind)
        {
            case StepKind.Member:
                return node is JsonObject map && map.TryGetPropertyValue(step.Name, out var child) ? [child] : [];
            case StepKind.Index:
                return node is JsonArray list && (step.Index < 0 ? list.Count + step.Index : step.Index) is var i && i >= 0 && i < list.Count ? [list[i]] : [];
            case StepKind.All:
                return node switch { JsonArray all => all, JsonObject members => members.Select(m => m.Value), _ => [] };
            default:
                return node is JsonArray items ? items.Where(item => J.At(item, step.FilterPath) is { } value && J.Show(value) == step.FilterValue) : [];
        }
    }

    private bool Bracket(string inside)
    {
        if (inside == "*")
        {
            _steps.Add(new Step(StepKind.All, "", 0, [], ""));
            return true;
        }
        if (int.TryParse(inside, System.Globalization.NumberStyles.AllowLeadingSign, System.Globalization.CultureInfo.InvariantCulture, out var index))
        {
            _steps.Add(new Step(StepKind.Index, "", index, [], ""));
            return true;
        }
        if (Unquote(inside) is { } name)
        {
            _steps.Add(new Step(StepKind.Member, name, 0, [], ""));
            return true;
        }
        if (!inside.StartsWith("?(", StringComparison.Ordinal) || !inside.EndsWith(')'))
        {
            return false;
        }
        var filter = inside[2..^1].Trim();
        var equals = filter.IndexOf("==", StringComparison.Ordinal);
        if (equals < 0 || !filter.StartsWith("@.", StringComparison.Ordinal))
        {
            return false;
        }
        var value = filter[(equals + 2)..].Trim();
        _steps.Add(new Step(StepKind.Filter, "", 0, filter[2..equals].Trim().Split('.'), Unquote(value) ?? value));
        return true;
    }

    private static string? Unquote(string text) => text.Length >= 2 && text[0] is '\'' or '"' && text[^1] == text[0] ? text[1..^1] : null;

    private static int Close(string text, int open)
    {
        char quote = '\0';
        for (var i = open + 1; i < text.Length; i++)
        {
            if (quote != '\0')
            {
                quote = text[i] == quote ? '\0' : quote;
            }
            else if (text[i] is '\'' or '"')
            {
                quote = text[i];
            }
            else if (text[i] == ']')
            {
                return i;
            }
        }
        return -1;
    }

    private enum StepKind
    {
        Member,
        Index,
        All,
        Filter,
    }

    private sealed record Step(StepKind Kind, string Name, int Index, string[] FilterPath, string FilterValue);
}
