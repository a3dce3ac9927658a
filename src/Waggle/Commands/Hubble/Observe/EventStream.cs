using Waggle.Cli;
using Waggle.Commands.Hubble.Printing;

namespace Waggle.Commands.Hubble.Observe;

/// <summary>Prints a stream until it ends or Ctrl-C is pressed, which is the way to end a stream that follows.</summary>
internal static class EventStream
{
    public static async Task<ExitCode> PrintAsync<T>(Terminal terminal, IAsyncEnumerable<T> responses, Action<T> print, EventPrinter printer, bool follow, CancellationToken cancellation)
    {
        try
        {
            await foreach (var response in responses.ConfigureAwait(false))
            {
                print(response);
                if (follow)
                {
                    terminal.Out.Flush();
                }
            }
        }
        catch (OperationCanceledException) when (cancellation.IsCancellationRequested)
        {
        }

        printer.Finish();
        terminal.Out.Flush();
        if (printer.Lost > 0)
        {
            terminal.Note($"{printer.Lost} events were lost before anybody could see them.");
            return ExitCode.Partial;
        }

        return cancellation.IsCancellationRequested && !follow ? ExitCode.Interrupted : ExitCode.Ok;
    }
}
