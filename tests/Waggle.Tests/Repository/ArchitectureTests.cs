using System.Text.RegularExpressions;
using System.Xml.Linq;

namespace Waggle.Tests.Repository;

/// <summary>Holds the direction of dependencies and the few rules about the tree that a reader relies on.</summary>
public sealed partial class ArchitectureTests
{
    /// <summary>What each project may reference of ours; a project that is not listed fails the test, so that it gets a decision.</summary>
    private static readonly Dictionary<string, string[]> Allowed = new()
    {
        ["Waggle.Linux"] = [],
        ["Waggle.Netlink"] = ["Waggle.Linux"],
        ["Waggle.Bpf"] = ["Waggle.Linux"],
        ["Waggle.State"] = [],
        ["Waggle.Kube"] = [],
        ["Waggle.Hosting"] = [],
        ["Waggle.Policy"] = [],
        ["Waggle.Cel"] = [],
        ["Waggle.Hubble"] = ["Waggle.Cel", "Waggle.Hosting", "Waggle.Kube"],
        ["Waggle.Datapath"] = ["Waggle.Linux", "Waggle.Netlink", "Waggle.Bpf"],
        ["Waggle.Agent"] = ["Waggle.Linux", "Waggle.Netlink", "Waggle.Bpf", "Waggle.State", "Waggle.Hosting", "Waggle.Kube", "Waggle.Datapath", "Waggle.Hubble", "Waggle.Policy"],
        ["Waggle.Operator"] = ["Waggle.State", "Waggle.Hosting", "Waggle.Kube", "Waggle.Policy"],
        ["Waggle.Lab"] = ["Waggle.Cel", "Waggle.Linux", "Waggle.Netlink", "Waggle.Kube"],
    };

    [Fact]
    public void ProjectReferences_OfEveryLibrary_PointOneWay()
    {
        var wrong = new List<string>();
        foreach (var file in SourceTree.Files("src", "*.csproj"))
        {
            var name = Path.GetFileNameWithoutExtension(file);
            if (name == "Waggle")
            {
                continue;
            }

            var references = XDocument.Load(Path.Combine(SourceTree.Root, file)).Descendants("ProjectReference")
                .Select(r => Path.GetFileNameWithoutExtension((string)r.Attribute("Include")!)).Where(r => r.StartsWith("Waggle", StringComparison.Ordinal));
            wrong.AddRange(Allowed.TryGetValue(name, out var allowed)
                ? references.Except(allowed).Select(r => $"{name} must not reference {r}")
                : [$"{name} is not listed in this test: decide what it may reference"]);
        }

        Assert.Empty(wrong);
    }

    [Fact]
    public void UnsafeCode_OutsideTheKernelEdge_IsNotAllowed()
    {
        // Unsafe code stays at the kernel's edge.
        var wrong = SourceTree.Files("src", "*.csproj")
            .Where(f => File.ReadAllText(Path.Combine(SourceTree.Root, f)).Contains("AllowUnsafeBlocks", StringComparison.Ordinal))
            .Select(f => Path.GetFileNameWithoutExtension(f))
            .Except(["Waggle.Linux", "Waggle.Netlink", "Waggle.Bpf", "Waggle.Datapath"]);
        Assert.Empty(wrong);
    }

    [Fact]
    public void BpfSources_HaveNoFeatureConditionals()
    {
        // Switches are constants in .rodata; only include guards and header selection may be conditional.
        var conditionals = SourceTree.Files("bpf", "*.[ch]")
            .SelectMany(f => File.ReadLines(Path.Combine(SourceTree.Root, f)).Select(line => (f, line)))
            .Where(x => Conditional().IsMatch(x.line))
            .Select(x => $"{x.f}: {x.line}");
        Assert.Empty(conditionals);
    }

    [Fact]
    public void LinksInDocs_PointToFilesThatExist()
    {
        var broken = new List<string>();
        foreach (var file in SourceTree.Files("docs", "*.md").Append("README.md").Where(f => File.Exists(Path.Combine(SourceTree.Root, f))))
        {
            var folder = Path.GetDirectoryName(Path.Combine(SourceTree.Root, file))!;
            foreach (Match link in Link().Matches(File.ReadAllText(Path.Combine(SourceTree.Root, file))))
            {
                var target = link.Groups["target"].Value.Split('#')[0];
                if (target.Length > 0 && !target.Contains("://", StringComparison.Ordinal) && !Path.Exists(Path.Combine(folder, target)))
                {
                    broken.Add($"{file}: {target}");
                }
            }
        }

        Assert.Empty(broken);
    }

    [Fact]
    public void PathsInDocs_NameFilesThatExist()
    {
        // Walkthroughs name files in backticks; a renamed file must not leave the reader behind.
        var broken = new List<string>();
        foreach (var file in SourceTree.Files("docs", "*.md").Append("README.md").Where(f => File.Exists(Path.Combine(SourceTree.Root, f))))
        {
            foreach (Match path in BackticksPath().Matches(File.ReadAllText(Path.Combine(SourceTree.Root, file))))
            {
                if (!Path.Exists(Path.Combine(SourceTree.Root, path.Groups["path"].Value)))
                {
                    broken.Add($"{file}: {path.Groups["path"].Value}");
                }
            }
        }

        Assert.Empty(broken);
    }

    [GeneratedRegex(@"^\s*#\s*(ifdef|if\s|elif)")]
    private static partial Regex Conditional();

    [GeneratedRegex(@"\]\((?<target>[^)\s]+)\)")]
    private static partial Regex Link();

    [GeneratedRegex(@"`(?<path>(src|bpf|native|tests|bench|deploy|examples|build|tools|docs)/[A-Za-z0-9_./-]+)`")]
    private static partial Regex BackticksPath();
}
