using Waggle.Kube.Resources;

namespace Waggle.Kube.Tests.Resources;

public class SelectorTests
{
    private static readonly Dictionary<string, string> Labels = new() { ["app"] = "web", ["n"] = "5" };

    [Theory]
    [InlineData("app", "In", "web,db", true)]
    [InlineData("app", "In", "db", false)]
    [InlineData("app", "NotIn", "db", true)]
    [InlineData("missing", "NotIn", "db", true)]
    [InlineData("app", "Exists", "", true)]
    [InlineData("app", "DoesNotExist", "", false)]
    [InlineData("n", "Gt", "4", true)]
    [InlineData("n", "Lt", "5", false)]
    [InlineData("app", "Gt", "4", false)]
    [InlineData("app", "Unknown", "web", false)]
    public void Requirement_Matches(string key, string op, string values, bool expected) =>
        Assert.Equal(expected, new LabelSelectorRequirement { Key = key, Operator = op, Values = values.Split(',') }.Matches(Labels));

    [Fact]
    public void ToQuery_AllOperators()
    {
        var selector = new LabelSelector
        {
            MatchLabels = new Dictionary<string, string> { ["a"] = "b" },
            MatchExpressions = [new() { Key = "c", Operator = "In", Values = ["d", "e"] }, new() { Key = "f", Operator = "DoesNotExist" }, new() { Key = "g", Operator = "Exists" }],
        };

        Assert.Equal("a=b,c in (d,e),!f,g", selector.ToQuery());
    }

    [Theory]
    [InlineData(null, "Exists", null, null, true)]
    [InlineData("k", null, "v", null, true)]
    [InlineData("k", "Equal", "w", null, false)]
    [InlineData("k", "Exists", null, "NoExecute", false)]
    [InlineData("k", "Exists", null, "NoSchedule", true)]
    [InlineData(null, null, "v", null, false)]
    public void Toleration_Tolerates(string? key, string? op, string? value, string? effect, bool expected) =>
        Assert.Equal(expected, new Toleration { Key = key, Operator = op, Value = value, Effect = effect }.Tolerates(new() { Key = "k", Value = "v", Effect = "NoSchedule" }));

    [Fact]
    public void ObjectKey_ParseAndOrder()
    {
        Assert.Equal(new ObjectKey("a", "b"), ObjectKey.Parse("a/b"));
        Assert.Equal("n", ObjectKey.Parse("n").ToString());
        Assert.True(new ObjectKey("a", "z").CompareTo(new("b", "a")) < 0);
    }
}
