using Waggle.Agent;
using Waggle.Cli;
using Waggle.Hubble.Relay;
using Waggle.Operator;

namespace Waggle.Commands.Roles;

/// <summary>The daemons: they parse their own flags, because real installations start them under their own names.</summary>
internal static class RoleCommands
{
    private const string Heading = "Roles";

    public static Verb Agent() => new("agent", "Run the agent of this node")
    {
        Group = Heading,
        Details = "Flags: --config-dir DIR, --node-name NAME, --namespace NAME, --k8s-kubeconfig-path FILE, --install-cni DIR.\nStarted under the name cilium-agent it is the same.",
        PassThrough = true,
        LongRunning = true,
        Run = async (call, cancellation) => (ExitCode)await AgentHost.RunAsync(Parse(call, AgentArguments.Parse), cancellation).ConfigureAwait(false),
    };

    public static Verb Operator() => new("operator", "Run the operator of the cluster")
    {
        Group = Heading,
        Details = "Flags: --config-dir DIR, --namespace NAME, --k8s-kubeconfig-path FILE, --operator-api-serve-addr ADDRESS.\nStarted under a name that begins with cilium-operator it is the same.",
        PassThrough = true,
        LongRunning = true,
        Run = async (call, cancellation) => (ExitCode)await OperatorHost.RunAsync(Parse(call, OperatorArguments.Parse), cancellation).ConfigureAwait(false),
    };

    public static Verb Relay() => new("relay", "Run a relay: one door for the flows of all nodes")
    {
        Group = Heading,
        Details = "Flags: --listen-address ADDRESS, --peer-service TARGET, --metrics-listen-address ADDRESS, --disable-server-tls, --disable-client-tls, --tls-... FILE.\nStarted under the name hubble-relay it is the same.",
        PassThrough = true,
        LongRunning = true,
        Run = async (call, cancellation) => (ExitCode)await RelayHost.RunAsync(Parse(call, RelayArguments.Parse), cancellation).ConfigureAwait(false),
    };

    private static T Parse<T>(Call call, Func<IReadOnlyList<string>, T> parse)
    {
        try
        {
            return parse(call.Rest);
        }
        catch (ArgumentException wrong)
        {
            throw CliException.Usage(wrong.Message);
        }
    }
}
