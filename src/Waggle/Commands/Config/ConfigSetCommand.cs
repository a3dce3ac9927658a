using Waggle.Cli;
using Waggle.Commands.Cluster;

namespace Waggle.Commands.Config;

internal static class ConfigSetCommand
{
    public static Verb Create(string tool)
    {
        var cluster = new ClusterFlags();
        var key = Operand.Required("key", "the key", ConfigCommands.KeyNames);
        var value = Operand.Required("value", "the new value", ConfigCommands.ValuesOfKey);
        var restart = new Flag<bool>("--restart", "restart the pods when the key needs it; --restart=false leaves that to you", "-r") { Default = true };
        var wait = new Flag<string>("--wait-duration", "longest wait for restarted pods") { HelpName = "TIME", Default = "5m" };
        return new Verb("set", "Change a value")
        {
            Operands = [key, value],
            Flags = [restart, wait, .. cluster.All],
            LongRunning = true,
            Examples = [new($"{tool} config set multicast-enabled true", "switch multicast on; no connection is lost")],
            Run = async (call, cancellation) =>
            {
                var known = ConfigCommands.Require(call.Get(key)!);
                if (known.Check(call.Get(value)!) is { } wrong)
                {
                    throw CliException.Usage(wrong, $"Values: {known.Type}.");
                }

                var patience = Durations.Parse(call.Get(wait)!, "--wait-duration");
                using var client = cluster.Open(call);
                return await new ConfigChange(client, call.Get(cluster.Namespace)!, call.Terminal).ApplyAsync(known, call.Get(value), call.Get(restart), patience, cancellation).ConfigureAwait(false);
            },
        };
    }
}
