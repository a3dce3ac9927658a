using Waggle.Cli;
using Waggle.Commands.Cluster;

namespace Waggle.Commands.Config;

internal static class ConfigGetCommand
{
    public static Verb Create(string tool)
    {
        var cluster = new ClusterFlags();
        var key = Operand.Required("key", "the key", ConfigCommands.KeyNames);
        return new Verb("get", "Show one value")
        {
            Details = "Prints the value alone. A key that is not set has its default, which is printed with a remark on standard error.",
            Operands = [key],
            Flags = cluster.All,
            Examples = [new($"{tool} config get multicast-enabled", "is multicast on?")],
            Run = async (call, cancellation) =>
            {
                var name = call.Get(key)!;
                var data = await ConfigSource.ReadAsync(call, cluster, cancellation).ConfigureAwait(false);
                if (!data.TryGetValue(name, out var value))
                {
                    value = ConfigCommands.Require(name).Default;
                    call.Terminal.Note($"{name} is not set; this is its default");
                }

                call.Terminal.Out.WriteLine(value);
                return ExitCode.Ok;
            },
        };
    }
}
