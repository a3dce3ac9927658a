using Waggle.Cli;
using Waggle.Commands.Hubble.Printing;
using Waggle.Commands.Hubble.Settings;
using Waggle.Hubble.Protocol.Observers;
using Waggle.Hubble.Rpc;

namespace Waggle.Commands.Hubble.Observe;

/// <summary><c>observe agent-events</c> and <c>observe debug-events</c>.</summary>
internal static class EventsCommand
{
    public static Verb Agent(HubbleFlags tool) => Create(tool, "agent-events", "Show what agents do: endpoints, policies, addresses, services", async (call, settings, flags, printer, cancellation) =>
    {
        var (number, since, until) = flags.SelectEvents(call, DateTimeOffset.UtcNow);
        var request = new GetAgentEventsRequest { Number = number, First = flags.OldestFirst(call), Follow = flags.Follows(call), Since = since, Until = until };
        using var channel = HubbleConnection.Open(settings);
        return await EventStream.PrintAsync(call.Terminal, channel.StreamAsync(HubbleMethods.GetAgentEvents, request, cancellation: cancellation), printer.Write, printer, request.Follow, cancellation).ConfigureAwait(false);
    });

    public static Verb Debug(HubbleFlags tool) => Create(tool, "debug-events", "Show debug messages of the datapath", async (call, settings, flags, printer, cancellation) =>
    {
        var (number, since, until) = flags.SelectEvents(call, DateTimeOffset.UtcNow);
        var request = new GetDebugEventsRequest { Number = number, First = flags.OldestFirst(call), Follow = flags.Follows(call), Since = since, Until = until };
        using var channel = HubbleConnection.Open(settings);
        return await EventStream.PrintAsync(call.Terminal, channel.StreamAsync(HubbleMethods.GetDebugEvents, request, cancellation: cancellation), printer.Write, printer, request.Follow, cancellation).ConfigureAwait(false);
    });

    private static Verb Create(HubbleFlags tool, string name, string purpose, Func<Call, HubbleSettings, ObserveFlags, EventPrinter, CancellationToken, Task<ExitCode>> run)
    {
        var flags = new ObserveFlags();
        return new Verb(name, purpose)
        {
            Examples = [new($"hubble observe {name} --follow", "as they happen"), new($"hubble observe {name} --since 10m -o json", "for a script")],
            Flags = flags.Events,
            LongRunning = true,
            Run = (call, cancellation) =>
            {
                var settings = HubbleSettings.Read(call, tool);
                return run(call, settings, flags, new EventPrinter(call.Terminal.Out, call.Terminal.Error, flags.Print(call, settings.Debug)), cancellation);
            },
        };
    }
}
