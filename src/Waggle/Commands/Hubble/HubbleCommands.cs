using Waggle.Cli;
using Waggle.Commands.General;
using Waggle.Commands.Hubble.Config;
using Waggle.Commands.Hubble.Listing;
using Waggle.Commands.Hubble.Observe;
using Waggle.Commands.Hubble.Record;
using Waggle.Commands.Hubble.Settings;

namespace Waggle.Commands.Hubble;

/// <summary>The tool <c>hubble</c>.</summary>
internal static class HubbleCommands
{
    /// <summary>The tool with its own flags, which hold for all its commands.</summary>
    /// <param name="general">The commands that every tool has.</param>
    public static Verb Create(Func<IEnumerable<Verb>> general)
    {
        var flags = new HubbleFlags();
        return new Verb("hubble", "Observe what happens on the network of a cluster")
        {
            Details = "It asks a Hubble server: the relay of a cluster (every node's flows), or the agent of one node.",
            Flags = flags.All,
            Examples =
            [
                new("kubectl -n kube-system port-forward service/hubble-relay 4245:80 &", "reach the relay"),
                new("hubble status", "is everybody there?"),
                new("hubble observe --follow --namespace default", "watch a namespace"),
                new("kubectl -n kube-system exec ds/cilium -- hubble observe --last 5", "ask one node"),
            ],
            Children = () =>
            [
                ObserveCommand.Create(flags),
                HubbleStatusCommand.Create(flags),
                ListCommands.Create(flags),
                WatchCommands.Create(flags),
                RecordCommand.Create(flags),
                HubbleConfigCommands.Create(flags),
                ReflectCommand.Create(flags),
                VersionCommand.Create("hubble"),
                .. general(),
            ],
        };
    }
}
