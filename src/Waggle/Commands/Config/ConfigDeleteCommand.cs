using Waggle.Cli;
using Waggle.Commands.Cluster;

namespace Waggle.Commands.Config;

internal static class ConfigDeleteCommand
{
    public static Verb Create(string tool)
    {
        var cluster = new ClusterFlags();
        var key = Operand.Required("key", "the key", ConfigCommands.KeyNames);
        var restart = new Flag<bool>("--restart", "restart the pods when the key needs it; --restart=false leaves that to you", "-r") { Default = true };
        var wait = new Flag<string>("--wait-duration", "longest wait for restarted pods") { HelpName = "TIME", Default = "5m" };
        return new Verb("delete", "Return a key to its default")
        {
            Aliases = ["reset"],
            Operands = [key],
            Flags = [restart, wait, .. cluster.All],
            LongRunning = true,
            Examples = [new($"{tool} config delete multicast-query-interval", "back to the default interval")],
            Run = async (call, cancellation) =>
            {
                var known = ConfigCommands.Require(call.Get(key)!);
                var patience = Durations.Parse(call.Get(wait)!, "--wait-duration");
                using var client = cluster.Open(call);
                return await new ConfigChange(client, call.Get(cluster.Namespace)!, call.Terminal).ApplyAsync(known, null, call.Get(restart), patience, cancellation).ConfigureAwait(false);
            },
        };
    }
}
