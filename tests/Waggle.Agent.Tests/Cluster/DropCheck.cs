using System.Reflection;
using Waggle.Agent.Tests.Cluster;
using Waggle.Datapath.Abi;
using Waggle.Datapath.Events;
using Waggle.Datapath.Maps;
using Xunit.Sdk;
using Xunit.v3;

[assembly: UnexpectedDrops]

namespace Waggle.Agent.Tests.Cluster;

/// <summary>
/// What a cluster's nodes dropped, held against what its test expects. A test that makes drops says so with
/// <see cref="TestCluster.Expect"/>; any other reason fails it, with the place in the programs.
/// </summary>
internal sealed class DropCheck
{
    private const string Key = "unexpected drops of ";
    private readonly HashSet<DropReason> _expected = [];

    public void Expect(IEnumerable<DropReason> reasons) => _expected.UnionWith(reasons);

    /// <summary>One line for each reason and place that nobody expected.</summary>
    public IReadOnlyList<string> Unexpected(TestNode node)
    {
        if (!Directory.Exists(node.BpfFromOutside))
        {
            return []; // the run was broken off, and the node is gone
        }

        using DatapathMaps maps = node.OpenMaps();
        return
        [
            .. from site in maps.MetricsSites.Entries()
               let reason = (DropReason)site.Key.Reason
               let packets = site.Value.Aggregate(0ul, (sum, cpu) => sum + cpu.Packets)
               where packets > 0 && !IsHandled(reason) && !_expected.Contains(reason)
               orderby reason
               select $"{node.Name} dropped {packets} packets, {(TrafficDirection)site.Key.Direction}, as {reason} at {SourceFiles.NameOf(site.Key.File)}:{site.Key.Line}",
        ];
    }

    /// <summary>Fails the test that runs now, after it has ended; a fixture, which is of no test, at once.</summary>
    public static void Report(IReadOnlyList<string> drops)
    {
        if (drops.Count == 0)
        {
            return;
        }

        if (TestContext.Current.Test is { } test)
        {
            ((List<string>)TestContext.Current.KeyValueStorage.GetOrAdd(Key + test.UniqueID, _ => new List<string>())!).AddRange(drops);
        }
        else
        {
            throw new InvalidOperationException(Text(drops));
        }
    }

    /// <summary>What was reported for a test; null: nothing.</summary>
    public static string? Reported(ITest test) => TestContext.Current.KeyValueStorage.TryRemove(Key + test.UniqueID, out object? drops) ? Text((List<string>)drops!) : null;

    private static string Text(IReadOnlyList<string> drops) => $"drops that the test does not expect (Expect() says which it does):\n{string.Join('\n', drops)}";

    /// <summary>Counted, but no drop (bpf/lib/drop.h).</summary>
    private static bool IsHandled(DropReason reason) => reason is DropReason.IgmpHandled or DropReason.IgmpSubscribed or DropReason.MulticastHandled or DropReason.MulticastNoMembers
        or DropReason.IgmpLinkLocalGroup or DropReason.NeighbourHandled or DropReason.PathMtuHandled or DropReason.LinkLocalHandled;
}

/// <summary>Adds what <see cref="DropCheck"/> found to the test's own result, instead of hiding it.</summary>
[AttributeUsage(AttributeTargets.Assembly)]
internal sealed class UnexpectedDropsAttribute : BeforeAfterTestAttribute
{
    public override void After(MethodInfo methodUnderTest, IXunitTest test)
    {
        if (DropCheck.Reported(test) is { } drops)
        {
            Assert.Fail(drops);
        }
    }
}
