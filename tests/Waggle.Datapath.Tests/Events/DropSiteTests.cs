using System.Text.RegularExpressions;
using Waggle.Datapath.Abi;
using Waggle.Datapath.Events;

namespace Waggle.Datapath.Tests.Events;

public sealed partial class DropSiteTests
{
    [Fact]
    public void IsHandled_OfEveryReason_IsWhatTheProgramsSay()
    {
        var text = File.ReadAllText(Path.Combine(Repository(), "bpf/lib/drop.h"));
        var function = text[text.IndexOf("bool reason_is_handled(", StringComparison.Ordinal)..text.IndexOf("return true;", StringComparison.Ordinal)];
        string[] said = [.. Cases().Matches(function).Select(m => m.Groups[1].Value.Replace("_", "", StringComparison.Ordinal).ToUpperInvariant()).Order()];
        Assert.NotEmpty(said);
        Assert.Equal(said, Enum.GetValues<DropReason>().Where(DropSite.IsHandled).Select(r => r.ToString().ToUpperInvariant()).Order());
    }

    [Fact]
    public void Of_Rows_SumsCpusAndLeavesOutEmptyPlaces()
    {
        var place = new MetricsSite { Reason = (byte)DropReason.Unroutable, Direction = (byte)TrafficDirection.Egress, File = (ushort)SourceFile.Pod, Line = 7 };
        var site = Assert.Single(DropSite.Of(
        [
            new(place, [new MetricsEntry { Packets = 1, Bytes = 60 }, new MetricsEntry { Packets = 2, Bytes = 140 }]),
            new(place with { Line = 8 }, [default, default]),
        ]));
        Assert.Equal(new DropSite(DropReason.Unroutable, TrafficDirection.Egress, "pod.bpf.c", 7, 3, 200), site);
        Assert.True(site.IsDrop);
    }

    private static string Repository()
    {
        var folder = AppContext.BaseDirectory;
        while (!File.Exists(Path.Combine(folder, "Waggle.slnx")))
        {
            folder = Path.GetDirectoryName(folder)!;
        }

        return folder;
    }

    [GeneratedRegex(@"case DROP_REASON_(\w+):")]
    private static partial Regex Cases();
}
