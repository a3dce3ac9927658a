using System.Globalization;
using Waggle.Cli;
using Waggle.Commands.Hubble.Printing;
using Waggle.Commands.Hubble.Settings;
using Waggle.Hubble.Protocol.Health;
using Waggle.Hubble.Protocol.Observers;
using Waggle.Hubble.Rpc;

namespace Waggle.Commands.Hubble.Listing;

/// <summary><c>hubble status</c>: is the server there, how many nodes and flows has it.</summary>
internal static class HubbleStatusCommand
{
    public static Verb Create(HubbleFlags tool)
    {
        var output = new Flag<string?>("--output", "compact, dict, json or table (default compact)", "-o") { Group = "Formatting flags", HelpName = "FORMAT", Values = _ => ["compact", "dict", "json", "table"] };
        return new Verb("status", "Show whether the server is well, and how much it holds")
        {
            Details = "It ends with 1 when the server says that it is not well, with 3 when nobody answers.",
            Flags = [output],
            Examples = [new("hubble status", "the server in a few lines"), new("hubble status -o json | jq .num_connected_nodes", "for a script")],
            Run = async (call, cancellation) =>
            {
                var settings = HubbleSettings.Read(call, tool);
                var format = PrintOptions.ParseFormat(call.Get(output) ?? "compact");
                using var channel = HubbleConnection.Open(settings);
                var timeout = settings.Duration("request-timeout");
                var health = await channel.CallAsync(HubbleMethods.HealthCheck, new HealthCheckRequest { Service = HubbleMethods.ObserverHealth }, timeout, cancellation).ConfigureAwait(false);
                var well = health.Status == HealthCheckResponse.Types.ServingStatus.Serving;
                if (format == EventFormat.Compact)
                {
                    call.Terminal.Out.Write($"Healthcheck (via {channel.Target}): {(well ? "Ok" : $"Unavailable: {health.Status.ToString().ToUpperInvariant()}")}\n");
                }

                if (!well)
                {
                    throw new CliException("the server is not well", "cilium status shows the agents and the relay.", ExitCode.Failed);
                }

                Print(call.Terminal.Out, format, await channel.CallAsync(HubbleMethods.ServerStatus, new ServerStatusRequest(), timeout, cancellation).ConfigureAwait(false));
                return ExitCode.Ok;
            },
        };
    }

    internal static void Print(TextWriter output, EventFormat format, ServerStatusResponse status)
    {
        switch (format)
        {
            case EventFormat.Json:
                output.Write(ProtoJson.Of(status) + "\n");
                break;
            case EventFormat.Compact:
                Compact(output, status);
                break;
            default:
                var records = new RecordWriter(output, format);
                records.Write(Fields(status, brief: format == EventFormat.Dict));
                records.Finish();
                break;
        }
    }

    private static void Compact(TextWriter output, ServerStatusResponse status)
    {
        var share = status.MaxFlows > 0 ? Text($" ({100.0 * status.NumFlows / status.MaxFlows:F2}%)") : "";
        output.Write($"Current/Max Flows: {Group(status.NumFlows)}/{Group(status.MaxFlows)}{share}\n");
        var seconds = status.UptimeNs / 1e9;
        output.Write($"Flows/s: {(status.FlowsRate > 0 ? Text($"{status.FlowsRate:F2}") : seconds > 0 ? Text($"{status.SeenFlows / seconds:F2}") : "N/A")}\n");
        // Lines of our own stand there only when there is something to say: scripts compare the others.
        if (status.LostEvents > 0)
        {
            output.Write($"Lost Events: {Group(status.LostEvents)}\n");
        }

        if (status.MissedEvents > 0)
        {
            output.Write($"Missed by Slow Clients: {Group(status.MissedEvents)}\n");
        }

        if (status.NumConnectedNodes is { } connected)
        {
            output.Write($"Connected Nodes: {connected}{(status.NumUnavailableNodes is { } away ? $"/{connected + away}" : "")}\n");
        }

        if (status.NumUnavailableNodes is > 0 and var missing)
        {
            output.Write($"Unavailable Nodes: {missing}\n");
            string[] names = [.. status.UnavailableNodes.Order(StringComparer.Ordinal)];
            foreach (var name in names)
            {
                output.Write($"  - {name}\n");
            }

            if (names.Length > 0 && missing > (uint)names.Length)
            {
                output.Write($"  - and {missing - (uint)names.Length} more...\n");
            }
        }
    }

    private static List<(string, string)> Fields(ServerStatusResponse status, bool brief) =>
    [
        ("NUM FLOWS", Group(status.NumFlows)), ("MAX FLOWS", Group(status.MaxFlows)), ("SEEN FLOWS", Group(status.SeenFlows)),
        ("FLOWS PER SECOND", status.FlowsRate > 0 ? Text($"{status.FlowsRate:F2}") : "N/A"), ("UPTIME", GoDuration.Format(status.UptimeNs)),
        ("NUM CONNECTED NODES", status.NumConnectedNodes?.ToString(CultureInfo.InvariantCulture) ?? "N/A"),
        (brief ? "NUM UNAVAIL. NODES" : "NUM UNAVAILABLE NODES", status.NumUnavailableNodes?.ToString(CultureInfo.InvariantCulture) ?? "N/A"), ("VERSION", status.Version),
        .. status.LostEvents > 0 ? new[] { ("LOST EVENTS", Group(status.LostEvents)) } : [], .. status.MissedEvents > 0 ? new[] { ("MISSED EVENTS", Group(status.MissedEvents)) } : [],
    ];

    private static string Group(ulong number) => number.ToString("N0", CultureInfo.InvariantCulture);

    private static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
