using System.Text.RegularExpressions;
using Waggle.Bench.Programs;

namespace Waggle.Bench.Tests.Programs;

/// <summary>The stages have the same numbers in C and here.</summary>
public sealed partial class StageTests
{
    [Fact]
    public void Stages_OfTheProgram_AreThoseOfTheReport()
    {
        var source = File.ReadAllText(Path.Combine(AppContext.BaseDirectory, "stages.bpf.c"));
        var names = Name().Matches(source[source.IndexOf("enum stage {", StringComparison.Ordinal)..]).Select(match => match.Groups[1].Value.Replace("_", "", StringComparison.Ordinal));
        Assert.Equal(names, Enum.GetNames<Stage>().Select(name => name.ToUpperInvariant()));
    }

    /// <summary>A difference of neighbours means something only in the order in which a packet passes them.</summary>
    [Fact]
    public void Paths_Stages_AreInOrderAndEndWithTheWholeProgram()
    {
        foreach (var path in new[] { Stages.ToLocalPod, Stages.ToOverlay })
        {
            Assert.Equal(Stage.None, path[^1].End);
            Stage[] ends = [.. path.SkipLast(1).Select(each => each.End)];
            Assert.Equal(ends.Order(), ends);
            Assert.Equal(ends.Distinct(), ends);
        }
    }

    [GeneratedRegex(@"^\tSTAGE_([A-Z_]+),", RegexOptions.Multiline)]
    private static partial Regex Name();
}
