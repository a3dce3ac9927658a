using Waggle.Cli;
using Waggle.Commands.General;

namespace Waggle.Commands;

/// <summary>The tools this executable can be, by the name it was started under.</summary>
internal static class Tools
{
    /// <summary>Which tool a program name means, and the words to put before the arguments (the role behind a daemon's name).</summary>
    public static (Verb Tool, IReadOnlyList<string> Prefix) ForName(string name) => name switch
    {
        "cilium" or "cilium-dbg" => (Cilium(name), []),
        "cilium-agent" => (Waggle(), ["agent"]),
        _ when name.StartsWith("cilium-operator", StringComparison.Ordinal) => (Waggle(), ["operator"]),
        "hubble" => (Hubble(), []),
        "tetra" => (Tetra(), []),
        _ => (Waggle(), []),
    };

    public static Verb Waggle() => new("waggle", "Connect, secure and observe workloads on Linux nodes with eBPF")
    {
        Children = () =>
        [
            new Verb("cilium", "The cilium command's syntax, under this name") { Group = "Other tools", Children = Cilium("cilium").Children },
            .. General("waggle", Waggle),
        ],
    };

    public static Verb Cilium(string name) => new(name, "Manage and inspect Waggle with the cilium command's syntax") { Children = () => [.. General(name, () => Cilium(name))] };

    public static Verb Hubble() => new("hubble", "Observe flows") { Children = () => [.. General("hubble", Hubble)] };

    public static Verb Tetra() => new("tetra", "Observe processes") { Children = () => [.. General("tetra", Tetra)] };

    private static IEnumerable<Verb> General(string tool, Func<Verb> self) =>
    [
        CompletionCommand.Create(tool),
        HelpCommand.Create(self),
        CompletionCommand.CreateHidden(self),
    ];
}
