using Waggle.Cli;
using Waggle.Commands.Bench;
using Waggle.Commands.Bpf;
using Waggle.Commands.Config;
using Waggle.Commands.Endpoints;
using Waggle.Commands.Explain;
using Waggle.Commands.General;
using Waggle.Commands.Hubble;
using Waggle.Commands.Identities;
using Waggle.Commands.Lab;
using Waggle.Commands.Monitor;
using Waggle.Commands.Multicast;
using Waggle.Commands.Nodes;
using Waggle.Commands.Policy;
using Waggle.Commands.Roles;
using Waggle.Commands.State;
using Waggle.Commands.Status;

namespace Waggle.Commands;

/// <summary>The tools this executable can be, by the name it was started under, with their commands in the order of their help.</summary>
internal static class Tools
{
    /// <summary>Which tool a program name means, and the words to put before the arguments (the role behind a daemon's name).</summary>
    public static (Verb Tool, IReadOnlyList<string> Prefix) ForName(string name) => name switch
    {
        "cilium" or "cilium-dbg" => (Cilium(name), []),
        "cilium-agent" => (Waggle(), ["agent"]),
        _ when name.StartsWith("cilium-operator", StringComparison.Ordinal) => (Waggle(), ["operator"]),
        "hubble-relay" => (Waggle(), ["relay"]),
        "hubble" => (Hubble(), []),
        "tetra" => (Tetra(), []),
        "yq" => (Yq.YqTool.Create(), []),
        _ => (Waggle(), []),
    };

    public static Verb Waggle() => new("waggle", "Connect, secure and observe workloads on Linux nodes with eBPF")
    {
        Examples =
        [
            new("waggle lab run multicast", "play the multicast lab on a three-node cluster on this machine"),
            new("waggle lab up", "start a cluster and keep it"),
            new("waggle lab shell", "a shell with kubectl, cilium and hubble for it"),
            new("waggle status --wait", "wait until the installation is ready"),
            new("waggle explain drop 231", "what a drop code means and what to do"),
        ],
        Children = () =>
        [
            LabCommands.Create(),
            StatusCommand.Create("waggle"),
            StateCommand.Create("waggle"),
            ConfigCommands.Create("waggle"),
            WhyCommand.Create("waggle", "why"),
            PolicyCommands.Waggle(),
            LimitsCommand.Create(),
            ExplainCommands.Create(),
            ExplainCommands.Short(),
            BenchCommand.Create(),
            RoleCommands.Agent(),
            RoleCommands.Operator(),
            RoleCommands.Relay(),
            new Verb("cilium", "The cilium command's syntax, under this name") { Group = "Other tools", Children = Cilium("cilium").Children },
            Renamed(Hubble(), "The hubble command's syntax, under this name"),
            VersionCommand.Create("waggle"),
            .. General("waggle", Waggle),
        ],
    };

    public static Verb Cilium(string name) => new(name, "Manage and inspect Waggle with the cilium command's syntax")
    {
        Examples =
        [
            new($"{name} status --wait", "wait until the installation is ready"),
            new($"{name} config set multicast-enabled true", "change a setting"),
            new($"{name} endpoint list", "pods with their addresses and identities"),
            new($"kubectl -n kube-system exec ds/cilium -- {name} bpf multicast subscriber list all", "who listens, as one node sees it"),
            new($"kubectl -n kube-system exec ds/cilium -- {name} monitor --type drop", "why packets do not arrive"),
        ],
        Children = () =>
        [
            StatusCommand.Create(name),
            ConfigCommands.Create(name),
            EndpointCommands.Create(name),
            IdentityCommands.Create(name),
            PolicyCommands.Cilium(name),
            NodeCommands.Create(name),
            MulticastClusterCommands.Create(name),
            BpfCommands.Create(name),
            MonitorCommand.Create(name),
            StateCommand.Create(name),
            ClusterVersionCommand.Create(name),
            .. General(name, () => Cilium(name)),
        ],
    };

    public static Verb Hubble() => HubbleCommands.Create(() => General("hubble", Hubble));

    public static Verb Tetra() => new("tetra", "Observe processes")
    {
        Children = () =>
        [
            LaterTool.Command("tetra", "getevents", "Print process events (a later release)", "Nothing takes its place yet."),
            VersionCommand.Create("tetra"),
            .. General("tetra", Tetra),
        ],
    };

    private static Verb Renamed(Verb tool, string purpose) => new(tool.Name, purpose) { Group = "Other tools", Flags = tool.Flags, Children = tool.Children };

    private static IEnumerable<Verb> General(string tool, Func<Verb> self) =>
    [
        CompletionCommand.Create(tool),
        HelpCommand.Create(self),
        CompletionCommand.CreateHidden(self),
    ];
}
