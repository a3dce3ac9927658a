using System.Text.Json.Nodes;
using Waggle.Cli;
using Waggle.Cli.Output;
using Waggle.Commands.Hubble.Printing;
using Waggle.Commands.Hubble.Settings;
using Waggle.Hubble.Protocol.Observers;
using Waggle.Hubble.Rpc;

namespace Waggle.Commands.Hubble.Observe;

/// <summary><c>hubble observe</c>: flows, agent events and debug events, as they happened or happen.</summary>
internal static class ObserveCommand
{
    public static Verb Create(HubbleFlags tool)
    {
        var observe = Flows(tool, "observe", "Show what happens to packets: who talks to whom, and what became of it");
        return new Verb(observe.Name, observe.Purpose)
        {
            Details = observe.Details,
            Examples = observe.Examples,
            Flags = observe.Flags,
            LongRunning = true,
            Run = observe.Run,
            Children = () =>
            [
                Flows(tool, "flows", "Show flows (the same as observe alone)"),
                EventsCommand.Agent(tool),
                EventsCommand.Debug(tool),
            ],
        };
    }

    private static Verb Flows(HubbleFlags tool, string name, string purpose)
    {
        var flags = new ObserveFlags();
        return new Verb(name, purpose)
        {
            Details = "A flow is shown when it matches all filter flags; of one flag given several times, one value must match. --not turns the next filter round.\nIt ends with 4 when the server lost events.",
            Examples =
            [
                new("hubble observe --follow --pod default/web", "what one pod sends and gets"),
                new("hubble observe --verdict DROPPED --print-policy-names", "what was dropped, and which policy says so"),
                new("hubble observe --type policy-verdict --since 10m", "decisions of policy"),
                new("hubble observe --not --namespace kube-system --to-port 443", "all but one namespace"),
                new("hubble observe --protocol dns -o jsonpb | jq .flow.l7.dns.query", "for a script"),
                new("hubble observe --all -o jsonpb > flows.json; hubble observe --input-file flows.json --ip 10.0.1.5", "keep now, ask later"),
            ],
            Flags = flags.Flows,
            LongRunning = true,
            Run = (call, cancellation) => RunAsync(call, tool, flags, cancellation),
        };
    }

    private static async Task<ExitCode> RunAsync(Call call, HubbleFlags tool, ObserveFlags flags, CancellationToken cancellation)
    {
        var settings = HubbleSettings.Read(call, tool);
        var options = flags.Print(call, settings.Debug);
        var request = flags.Request(call, settings, DateTimeOffset.UtcNow);
        if (flags.PrintsFilters(call))
        {
            PrintFilters(call.Terminal.Out, request);
            return ExitCode.Ok;
        }

        var printer = new EventPrinter(call.Terminal.Out, call.Terminal.Error, options);
        if (flags.InputFile(call) is { } file)
        {
            using var input = Open(file);
            var responses = new FileFlows(input, options.Silent ? _ => { } : call.Terminal.Warn).ReadAsync(request, cancellation);
            return await EventStream.PrintAsync(call.Terminal, responses, printer.Write, printer, follow: false, cancellation).ConfigureAwait(false);
        }

        using var channel = HubbleConnection.Open(settings);
        if (settings.Debug)
        {
            call.Terminal.Note($"asking {channel.Target} for {ProtoJson.Of(request)}");
        }

        return await EventStream.PrintAsync(call.Terminal, channel.StreamAsync(HubbleMethods.GetFlows, request, cancellation: cancellation), printer.Write, printer, flags.Follows(call), cancellation).ConfigureAwait(false);
    }

    private static TextReader Open(string file)
    {
        try
        {
            return file == "-" ? new StreamReader(Console.OpenStandardInput()) : new StreamReader(file);
        }
        catch (Exception missing) when (missing is IOException or UnauthorizedAccessException)
        {
            throw CliException.Usage($"--input-file: {missing.Message}");
        }
    }

    // Each filter is one string of JSON, so that the text can be put into a configuration file as it is.
    private static void PrintFilters(TextWriter output, GetFlowsRequest request)
    {
        var lists = new JsonObject();
        if (request.Whitelist.Count > 0)
        {
            lists["allowlist"] = new JsonArray([.. request.Whitelist.Select(filter => JsonValue.Create(ProtoJson.Of(filter)))]);
        }

        if (request.Blacklist.Count > 0)
        {
            lists["denylist"] = new JsonArray([.. request.Blacklist.Select(filter => JsonValue.Create(ProtoJson.Of(filter)))]);
        }

        YamlWriter.Write(output, lists);
    }
}
