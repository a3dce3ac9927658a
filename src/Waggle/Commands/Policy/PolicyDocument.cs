using System.Text.Json;
using System.Text.Json.Nodes;
using Waggle.Cli;
using Waggle.Kube.Json;
using Waggle.Policy.Rules;
using YamlDotNet.Core;
using YamlDotNet.RepresentationModel;

namespace Waggle.Commands.Policy;

/// <summary>An object of a file, and where in the file its parts stand.</summary>
internal sealed class PolicyDocument
{
    private readonly YamlNode? _node;

    private PolicyDocument(string file, JsonObject content, YamlNode? node)
    {
        (File, Content, _node) = (file, content, node);
        using JsonDocument document = JsonDocument.Parse(content.ToJsonString());
        Element = document.RootElement.Clone();
    }

    public string File { get; }

    public JsonObject Content { get; }

    public JsonElement Element { get; }

    /// <summary>Null for an object that holds no policy.</summary>
    public PolicyKind? Kind => PolicyParser.KindOf((string?)Content["apiVersion"], (string?)Content["kind"]);

    public bool IsCidrGroup => (string?)Content["kind"] == "CiliumCIDRGroup";

    /// <summary>An object of the API with the YAML that was written of it.</summary>
    public static PolicyDocument Of(string name, JsonObject content, string yaml)
    {
        var stream = new YamlStream();
        stream.Load(new StringReader(yaml));
        return new PolicyDocument(name, content, stream.Documents[0].RootNode);
    }

    /// <summary>Reads a file; <c>-</c> is the standard input. Lists are taken apart.</summary>
    /// <exception cref="CliException">It cannot be read, or is no YAML.</exception>
    public static IReadOnlyList<PolicyDocument> Read(string file)
    {
        string text;
        try
        {
            text = file == "-" ? Console.In.ReadToEnd() : System.IO.File.ReadAllText(file);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw CliException.Usage($"{file} cannot be read: {e.Message.TrimEnd('.')}");
        }

        IReadOnlyList<JsonObject> documents;
        var stream = new YamlStream();
        try
        {
            documents = KubeYaml.ReadAll(text);
            stream.Load(new StringReader(text));
        }
        catch (Exception e) when (e is FormatException or YamlException)
        {
            throw CliException.Usage($"{file} is no YAML: {e.Message.TrimEnd('.')}");
        }

        // Empty documents are in the stream, but not among the objects.
        List<YamlNode> nodes = [.. stream.Documents.Select(d => d.RootNode).Where(n => n is YamlMappingNode)];
        var found = new List<PolicyDocument>();
        foreach ((int i, JsonObject document) in documents.Index())
        {
            YamlNode? node = nodes.Count == documents.Count ? nodes[i] : null;
            if (((string?)document["kind"])?.EndsWith("List", StringComparison.Ordinal) == true && document["items"] is JsonArray items)
            {
                foreach ((int n, JsonObject item) in items.OfType<JsonObject>().Index())
                {
                    found.Add(new PolicyDocument(file, item, Step(Step(node, "items"), $"{n}")));
                }
            }
            else
            {
                found.Add(new PolicyDocument(file, document, node));
            }
        }

        return found;
    }

    /// <summary>The line of what a JSON pointer names, or of what is nearest around it.</summary>
    public long Line(string pointer)
    {
        YamlNode? node = _node;
        long line = node?.Start.Line ?? 1;
        foreach (string part in pointer.Split('/').Skip(1))
        {
            node = Step(node, part.Replace("~1", "/", StringComparison.Ordinal).Replace("~0", "~", StringComparison.Ordinal), out long? key);
            if (node is null)
            {
                break;
            }

            line = key ?? node.Start.Line;
        }

        return line;
    }

    private static YamlNode? Step(YamlNode? node, string part) => Step(node, part, out _);

    private static YamlNode? Step(YamlNode? node, string part, out long? line)
    {
        line = null;
        switch (node)
        {
            case YamlMappingNode mapping:
                foreach ((YamlNode key, YamlNode value) in mapping.Children)
                {
                    if ((key as YamlScalarNode)?.Value == part)
                    {
                        line = key.Start.Line;
                        return value;
                    }
                }

                return null;
            case YamlSequenceNode sequence when int.TryParse(part, out int index) && index < sequence.Children.Count:
                return sequence.Children[index];
            default:
                return null;
        }
    }
}
