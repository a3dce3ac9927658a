using Waggle.Cli;
using Waggle.Lab.Cluster;

namespace Waggle.Commands.Lab;

/// <summary>What a shell or scenario in a lab finds in its environment.</summary>
internal static class LabEnvironment
{
    private static readonly string[] Names = ["waggle", "cilium", "cilium-dbg", "hubble", "tetra"];

    /// <summary>KUBECONFIG, PATH with the tools first, and the lab's name.</summary>
    public static IReadOnlyDictionary<string, string> For(LabCluster labs, LabInfo lab, HostEnvironment environment)
    {
        var tools = labs.ToolsDirectory(lab.Options.Name);
        Link(tools);
        return new Dictionary<string, string>
        {
            ["KUBECONFIG"] = lab.Kubeconfig,
            ["PATH"] = $"{tools}:{environment.Variable("PATH") ?? "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"}",
            ["WAGGLE_LAB"] = lab.Options.Name,
            ["WAGGLE_TOOLS"] = tools,
        };
    }

    /// <summary>The names under which this executable is each tool. Links that are there stay.</summary>
    internal static void Link(string folder)
    {
        Directory.CreateDirectory(folder);
        var self = Environment.ProcessPath ?? throw new CliException("the executable's own path is unknown: is /proc mounted?");
        foreach (var name in Names)
        {
            var link = Path.Combine(folder, name);
            var present = new FileInfo(link);
            if (present.Exists || present.LinkTarget is not null)
            {
                continue;
            }

            File.CreateSymbolicLink(link, self);
        }
    }
}
