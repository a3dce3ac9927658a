using System.Reflection;
using Waggle.Datapath.Abi;
using Waggle.Datapath.Events;
using Waggle.Datapath.Maps;
using Waggle.Tests.Shared;
using Xunit.Sdk;
using Xunit.v3;

[assembly: UnexpectedDrops]

namespace Waggle.Tests.Shared;

/// <summary>
/// What nodes dropped, held against what their test expects. A test that makes drops says so with <see cref="Expect"/>; any other
/// reason fails it, with the place in the programs.
/// </summary>
internal sealed class DropCheck
{
    private const string Key = "unexpected drops of ";
    private readonly HashSet<DropReason> _expected = [];

    public void Expect(IEnumerable<DropReason> reasons) => _expected.UnionWith(reasons);

    /// <summary>One line for each reason and place that nobody expected.</summary>
    public IReadOnlyList<string> Unexpected(string node, DatapathMaps maps) =>
    [
        .. from site in DropSite.Read(maps)
           where site.IsDrop && !_expected.Contains(site.Reason)
           orderby site.Reason
           select $"{node} dropped {site.Packets} packets, {site.Direction}, as {site.Reason} at {site.File}:{site.Line}",
    ];

    /// <summary>
    /// Fails the test that runs now, after it has ended. At once, where that cannot hide another failure: when the test's class is
    /// disposed, and for a fixture, which is of no test.
    /// </summary>
    public static void Report(IReadOnlyList<string> drops)
    {
        if (drops.Count == 0)
        {
            return;
        }

        if (TestContext.Current is { Test: { } test, TestState: null })
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
