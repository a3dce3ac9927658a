using System.Text.Json.Nodes;
using Waggle.Cli;
using Waggle.Cli.Output;
using Waggle.Kube.Json;

namespace Waggle.Commands.Yq;

/// <summary>
/// The little of yq that runbooks type, <c>yq FILE</c> and <c>yq .path FILE</c>, for lab shells on machines whose yq is another
/// program or none. It is linked only there, see <see cref="Lab.LabEnvironment"/>.
/// </summary>
internal static class YqTool
{
    public static Verb Create()
    {
        var first = Operand.Required("expression-or-file", "a path such as .spec.groupAddrs, or the file to show whole", _ => []);
        var second = Operand.Optional("file", "the file, when a path comes first", _ => []);
        return new Verb("yq", "Show a YAML file, or one part of each of its documents")
        {
            Operands = [first, second],
            Examples = [new("yq pod.yaml", "the whole file"), new("yq .metadata.name pod.yaml", "one part")],
            Run = (call, _) =>
            {
                var file = call.Get(second) ?? call.Get(first)!;
                Show(call, call.Get(second) is null ? "." : call.Get(first)!, file);
                return Task.FromResult(ExitCode.Ok);
            },
        };
    }

    private static void Show(Call call, string path, string file)
    {
        if (!File.Exists(file))
        {
            throw new CliException($"{file}: no such file");
        }

        var next = false;
        foreach (var document in KubeYaml.ReadAll(File.ReadAllText(file)))
        {
            if (next)
            {
                call.Terminal.Out.WriteLine("---");
            }

            next = true;
            YamlWriter.Write(call.Terminal.Out, Follow(document, path));
        }
    }

    private static JsonNode? Follow(JsonNode? node, string path)
    {
        if (!path.StartsWith('.'))
        {
            throw CliException.Usage($"\"{path}\" is not a path: it begins with a dot, e.g. .metadata.name");
        }

        foreach (var step in path.Split('.', StringSplitOptions.RemoveEmptyEntries))
        {
            node = (node as JsonObject)?[step];
        }

        return node;
    }
}
