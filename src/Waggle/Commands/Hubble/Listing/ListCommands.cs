using System.Globalization;
using System.Text.Json.Nodes;
using Google.Protobuf;
using Waggle.Cli;
using Waggle.Cli.Output;
using Waggle.Commands.Hubble.Printing;
using Waggle.Commands.Hubble.Settings;
using Waggle.Hubble.Protocol.Observers;
using Waggle.Hubble.Protocol.Relays;
using Waggle.Hubble.Rpc;

namespace Waggle.Commands.Hubble.Listing;

/// <summary><c>hubble list nodes|namespaces</c>.</summary>
internal static class ListCommands
{
    private static readonly string[] Formats = ["json", "table", "wide"];

    public static Verb Create(HubbleFlags tool) => new("list", "List nodes or namespaces")
    {
        Children = () => [Nodes(tool), Namespaces(tool)],
    };

    private static Verb Nodes(HubbleFlags tool)
    {
        var output = Output();
        return new Verb("nodes", "List the nodes whose flows the server has")
        {
            Aliases = ["node"],
            Flags = [output],
            Examples = [new("hubble list nodes", "state and age"), new("hubble list nodes -o wide", "with versions and addresses")],
            Run = async (call, cancellation) =>
            {
                var format = Read(call, output);
                var settings = HubbleSettings.Read(call, tool);
                using var channel = HubbleConnection.Open(settings);
                var answer = await channel.CallAsync(HubbleMethods.GetNodes, new GetNodesRequest(), settings.Duration("request-timeout"), cancellation).ConfigureAwait(false);
                PrintNodes(call.Terminal.Out, format, [.. answer.Nodes.OrderBy(node => node.Name, StringComparer.Ordinal)]);
                return ExitCode.Ok;
            },
        };
    }

    private static Verb Namespaces(HubbleFlags tool)
    {
        var output = Output();
        return new Verb("namespaces", "List the namespaces that had flows in the last hour")
        {
            Aliases = ["namespace", "ns"],
            Flags = [output],
            Examples = [new("hubble list namespaces", "their names"), new("hubble list namespaces -o wide", "with their clusters")],
            Run = async (call, cancellation) =>
            {
                var format = Read(call, output);
                var settings = HubbleSettings.Read(call, tool);
                using var channel = HubbleConnection.Open(settings);
                var answer = await channel.CallAsync(HubbleMethods.GetNamespaces, new GetNamespacesRequest(), settings.Duration("request-timeout"), cancellation).ConfigureAwait(false);
                PrintNamespaces(call.Terminal.Out, format, answer.Namespaces);
                return ExitCode.Ok;
            },
        };
    }

    internal static void PrintNodes(TextWriter output, string format, IReadOnlyList<Node> nodes)
    {
        if (format == "json")
        {
            Json(output, nodes);
            return;
        }

        var table = new TabWriter(output, new TableLayout(2, 3));
        var wide = format == "wide";
        table.Row(["NAME", "STATUS", "AGE", "FLOWS/S", "CURRENT/MAX-FLOWS", .. wide ? ["VERSION", "ADDRESS", "TLS"] : Array.Empty<string>()]);
        foreach (var node in nodes)
        {
            var seconds = Math.Round(node.UptimeNs / 1e9);
            table.Row(
            [
                node.Name, State(node.State), seconds > 0 ? GoDuration.Format(node.UptimeNs) : "N/A", seconds > 0 ? Text($"{node.SeenFlows / seconds:F2}") : "N/A",
                node.MaxFlows > 0 ? Text($"{node.NumFlows}/{node.MaxFlows} ({100.0 * node.NumFlows / node.MaxFlows,6:F2}%)") : "N/A",
                .. wide ? [node.Version.Length > 0 ? node.Version : "N/A", node.Address, node.Tls is null ? "N/A" : node.Tls.Enabled ? "Enabled" : "Disabled"] : Array.Empty<string>(),
            ]);
        }

        table.Flush();
    }

    internal static void PrintNamespaces(TextWriter output, string format, IReadOnlyList<Namespace> namespaces)
    {
        if (format == "json")
        {
            Json(output, namespaces);
            return;
        }

        var table = new TabWriter(output, new TableLayout(2, 3));
        var wide = format == "wide";
        table.Row(wide ? ["NAMESPACE", "CLUSTER"] : ["NAMESPACE"]);
        foreach (var each in namespaces)
        {
            table.Row(wide && each.Cluster.Length > 0 ? [each.Namespace_, each.Cluster] : [each.Namespace_]);
        }

        table.Flush();
    }

    private static void Json(TextWriter output, IEnumerable<IMessage> messages) =>
        Documents.Write(output, new OutputRequest(OutputFormat.Json), new JsonArray([.. messages.Select(message => JsonNode.Parse(ProtoJson.Of(message)))]));

    private static Flag<string?> Output() => new("--output", "json, table or wide (default table)", "-o") { Group = "Formatting flags", HelpName = "FORMAT", Values = _ => Formats.Select(format => new Candidate(format)) };

    private static string Read(Call call, Flag<string?> flag)
    {
        var format = call.Get(flag) ?? "table";
        return Formats.Contains(format) ? format
            : throw CliException.Usage($"--output cannot be \"{format}\"", $"Did you mean \"{Suggestions.Nearest(format, Formats)}\"? Formats: {string.Join(", ", Formats)}.");
    }

    private static string State(NodeState state) => state switch
    {
        NodeState.NodeConnected => "Connected",
        NodeState.NodeUnavailable => "Unavailable",
        NodeState.NodeGone => "Gone",
        NodeState.NodeError => "Error",
        _ => "Unknown",
    };

    private static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
