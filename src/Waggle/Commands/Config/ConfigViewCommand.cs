using System.Text.Json.Nodes;
using Waggle.Cli;
using Waggle.Cli.Output;
using Waggle.Commands.Cluster;

namespace Waggle.Commands.Config;

internal static class ConfigViewCommand
{
    // As the labs show it: the value stands in column 54, further right only for longer keys.
    private const int KeyWidth = 50;

    public static Verb Create(string tool)
    {
        var cluster = new ClusterFlags();
        var output = new OutputFlags();
        return new Verb("view", "View the configuration")
        {
            Flags = [.. output.All, .. cluster.All],
            Examples = [new($"{tool} config view | grep multicast", "the multicast settings"), new($"{tool} config view -o json", "for a script")],
            Run = async (call, cancellation) =>
            {
                Print(call.Terminal, output.Read(call), await ConfigSource.ReadAsync(call, cluster, cancellation).ConfigureAwait(false));
                return ExitCode.Ok;
            },
        };
    }

    internal static void Print(Terminal terminal, OutputRequest request, IReadOnlyDictionary<string, string> data)
    {
        var sorted = data.OrderBy(entry => entry.Key, StringComparer.Ordinal).ToList();
        if (request.Format == OutputFormat.Name)
        {
            sorted.ForEach(entry => terminal.Out.Write(entry.Key + "\n"));
        }
        else if (request.Structured)
        {
            Documents.Write(terminal.Out, request, new JsonObject(sorted.Select(entry => KeyValuePair.Create(entry.Key, (JsonNode?)JsonValue.Create(entry.Value)))));
        }
        else
        {
            sorted.ForEach(entry => terminal.Out.Write($"{entry.Key.PadRight(KeyWidth)}   {entry.Value}\n"));
        }
    }
}
