using Waggle.Bpf;
using Waggle.Cli;
using Waggle.Datapath.Loading;
using Waggle.Linux;

namespace Waggle.Commands.Bpf;

/// <summary>The pinned maps of this node. They are there with or without a running agent.</summary>
internal sealed class NodeMaps(HostEnvironment environment)
{
    private readonly DatapathPaths _paths = new(environment.BpfRoot);

    /// <summary>Opens a map by its name in the datapath.</summary>
    /// <exception cref="CliException">It is not pinned here.</exception>
    public BpfMap Open(string name, string? whenAbsent = null, string? hint = null)
    {
        if (!Directory.Exists(_paths.Maps))
        {
            throw CliException.NotReachable(
                $"no datapath of Waggle is loaded here: {_paths.Maps} does not exist",
                "This command needs a node. From outside: kubectl -n kube-system exec ds/cilium -c cilium-agent -- cilium bpf …");
        }

        return BpfMap.TryOpenPinned(_paths.Map(name)) ?? throw new CliException(whenAbsent ?? $"the map {name} is not pinned in {_paths.Maps}", hint ?? "Is the agent of another version? \"cilium version\" tells.");
    }

    /// <summary>Opens a pinned program.</summary>
    public BpfProgram OpenProgram(string name)
    {
        var path = _paths.Program(name);
        try
        {
            return BpfProgram.OpenPinned(path);
        }
        catch (BpfException absent) when (absent.Errno == Errno.ENOENT)
        {
            throw new CliException($"the program {name} is not pinned at {path}", "Start the agent once with multicast-enabled=true.");
        }
    }
}
