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
        foreach (var name in HasYq() ? Names : [.. Names, "yq"])
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

    /// <summary>Whether the machine's yq is the program that reads YAML files as its only argument: that one is a binary, the other a script.</summary>
    private static bool HasYq()
    {
        foreach (var folder in (Environment.GetEnvironmentVariable("PATH") ?? "").Split(':', StringSplitOptions.RemoveEmptyEntries))
        {
            var program = Path.Combine(folder, "yq");
            if (File.Exists(program))
            {
                Span<byte> start = stackalloc byte[4];
                using var file = File.OpenRead(program);
                return file.ReadAtLeast(start, 4, throwOnEndOfStream: false) == 4 && start.SequenceEqual("\u007fELF"u8);
            }
        }

        return false;
    }
}
