using System.Text.RegularExpressions;
using Waggle.Datapath.Abi;
using Waggle.Datapath.Events;

namespace Waggle.Datapath.Tests.Events;

/// <summary>The file that a drop names is the one in which its line is.</summary>
public sealed partial class SourceFilesTests
{
    [Fact]
    public void EveryDrop_NamesTheFileItStandsIn()
    {
        var root = AppContext.BaseDirectory;
        while (!File.Exists(Path.Combine(root, "Waggle.slnx")))
        {
            root = Path.GetDirectoryName(root)!;
        }

        string[] files = [.. Directory.GetFiles(Path.Combine(root, "bpf", "lib")), .. Directory.GetFiles(Path.Combine(root, "bpf", "progs"))];
        var wrong = new List<string>();
        var seen = 0;
        foreach (var file in files)
        {
            foreach (Match drop in Drop().Matches(File.ReadAllText(file)))
            {
                seen++;
                var constant = Enum.GetValues<SourceFile>().Single(f => f.ToString().Equals(drop.Groups[1].Value.Replace("_", ""), StringComparison.OrdinalIgnoreCase));
                if (SourceFiles.NameOf((int)constant) != Path.GetFileName(file))
                {
                    wrong.Add($"{Path.GetFileName(file)}: {drop.Value} says {SourceFiles.NameOf((int)constant)}");
                }
            }
        }

        Assert.True(seen > 80, $"{seen} drops found");
        Assert.Empty(wrong);
        Assert.Equal(Enum.GetValues<SourceFile>().Max(f => (int)f) + 1, SourceFiles.Names.Count);
    }

    // The macros' own definitions are in small letters.
    [GeneratedRegex(@"DROP(?:_FOR)?\(([A-Z][A-Z0-9_]+),")]
    private static partial Regex Drop();
}
