using Waggle.Cli;
using Waggle.Lab.Cluster;

namespace Waggle.Commands.Lab;

/// <summary><c>lab</c>: clusters on this machine.</summary>
internal static class LabCommands
{
    public static Verb Create() => new("lab", "Run Kubernetes clusters on this machine")
    {
        Details = "A lab is a whole cluster in network namespaces of its own: API server, nodes, agents, pods. It touches neither the machine's network nor anything outside.",
        Examples =
        [
            new("waggle lab up", "three nodes"),
            new("waggle lab shell", "a shell with kubectl, cilium and hubble for that lab"),
            new("waggle lab run multicast", "play the multicast scenario and check it"),
            new("waggle lab down", "remove it; nothing is left"),
        ],
        Children = () =>
        [
            LabUpCommand.Create(), LabDownCommand.Create(), LabListCommand.Create(), LabKubeconfigCommand.Create(), LabShellCommand.Create(), LabRunCommand.Create(), LabDaemonCommand.Create(),
        ],
    };

    public static Flag<string> NameFlag() => new("--name", "the lab's name") { HelpName = "NAME", Default = LabOptions.DefaultName, Values = Names };

    public static IEnumerable<Candidate> Names(CompletionRequest request) =>
        Directory.Exists(request.Environment.LabRoot) ? Directory.EnumerateDirectories(request.Environment.LabRoot).Select(lab => new Candidate(Path.GetFileName(lab))) : [];

    /// <summary>The lab that a command needs running.</summary>
    public static LabInfo RequireRunning(LabCluster labs, string name)
    {
        var lab = labs.Find(name) ?? throw new CliException($"there is no lab \"{name}\"", $"Start it: waggle lab up{(name == LabOptions.DefaultName ? "" : " --name " + name)}");
        return lab.State == LabState.Stopped ? throw new CliException($"the lab \"{name}\" is stopped", $"Start it again with its objects: waggle lab up --name {name}") : lab;
    }
}
