using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Waggle.Cli.Output;

/// <summary>
/// The part of kubectl's JSONPath templates that scripts use: fields, quoted fields, indexes, slices, wildcards, <c>..name</c>,
/// filters with one comparison, text between expressions, quoted literals, and <c>range</c>/<c>end</c>.
/// </summary>
public sealed class JsonPath
{
    private readonly IReadOnlyList<Node> _nodes;

    private JsonPath(IReadOnlyList<Node> nodes) => _nodes = nodes;

    internal abstract record Node;

    internal sealed record TextNode(string Text) : Node;

    internal sealed record PathNode(IReadOnlyList<JsonPathStep> Steps) : Node;

    internal sealed record RangeNode(IReadOnlyList<JsonPathStep> Steps, IReadOnlyList<Node> Body) : Node;

    /// <exception cref="CliException">The template is malformed.</exception>
    public static JsonPath Parse(string template) => new(new JsonPathParser(template).Parse());

    public string Render(JsonNode? root)
    {
        var text = new StringBuilder();
        Render(_nodes, root, text);
        return text.ToString();
    }

    private static void Render(IReadOnlyList<Node> nodes, JsonNode? current, StringBuilder text)
    {
        foreach (var node in nodes)
        {
            switch (node)
            {
                case TextNode literal:
                    text.Append(literal.Text);
                    break;
                case PathNode path:
                    text.AppendJoin(' ', Evaluate(path.Steps, current).Select(Show));
                    break;
                case RangeNode range:
                    foreach (var each in Evaluate(range.Steps, current))
                    {
                        Render(range.Body, each, text);
                    }

                    break;
            }
        }
    }

    internal static IEnumerable<JsonNode?> Evaluate(IReadOnlyList<JsonPathStep> steps, JsonNode? root)
    {
        IEnumerable<JsonNode?> current = [root];
        foreach (var step in steps)
        {
            current = current.SelectMany(step.Apply).ToList();
        }

        return current;
    }

    private static string Show(JsonNode? value) => value switch
    {
        null => "",
        JsonValue when value.GetValueKind() == JsonValueKind.String => value.GetValue<string>(),
        _ => value.ToJsonString(),
    };
}
