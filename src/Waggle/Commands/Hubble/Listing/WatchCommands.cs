using Waggle.Cli;
using Waggle.Commands.Hubble.Settings;
using Waggle.Hubble.Printing;
using Waggle.Hubble.Protocol.Peers;
using Waggle.Hubble.Rpc;

namespace Waggle.Commands.Hubble.Listing;

/// <summary><c>hubble watch peers</c>: nodes as they come and go, as an agent tells the relay.</summary>
internal static class WatchCommands
{
    public static Verb Create(HubbleFlags tool) => new("watch", "Watch the nodes of a cluster")
    {
        Children = () =>
        [
            new Verb("peers", "Show nodes as they come, change and go")
            {
                Aliases = ["peer"],
                LongRunning = true,
                Examples = [new("kubectl -n kube-system exec ds/cilium -- hubble watch peers", "ask an agent: the relay does not answer this")],
                Run = async (call, cancellation) =>
                {
                    var settings = HubbleSettings.Read(call, tool);
                    using var channel = HubbleConnection.Open(settings);
                    try
                    {
                        await foreach (var change in channel.StreamAsync(HubbleMethods.Notify, new NotifyRequest(), cancellation: cancellation).ConfigureAwait(false))
                        {
                            call.Terminal.Out.Write(Line(change) + "\n");
                            call.Terminal.Out.Flush();
                        }
                    }
                    catch (OperationCanceledException) when (cancellation.IsCancellationRequested)
                    {
                    }

                    return ExitCode.Ok;
                },
            },
        ],
    };

    internal static string Line(ChangeNotification change) =>
        $"{ProtoNames.PeerChange[(int)change.Type],-12} {change.Address} {change.Name}{(change.Tls is { } tls ? $" (TLS.ServerName: {tls.ServerName})" : "")}";
}
