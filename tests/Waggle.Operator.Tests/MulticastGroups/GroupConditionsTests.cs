using Waggle.Kube.Resources;
using Waggle.Operator.MulticastGroups;

namespace Waggle.Operator.Tests.MulticastGroups;

public sealed class GroupConditionsTests
{
    private static readonly DateTimeOffset Now = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);

    private static IsovalentMulticastGroup Resource(string name, params string[] groups) =>
        new() { Metadata = new ObjectMeta { Namespace = "default", Name = name, Generation = 1 }, Spec = new IsovalentMulticastGroupSpec { GroupAddrs = groups } };

    private static Condition Conflict(IReadOnlyList<IsovalentMulticastGroup> all, string name) =>
        GroupConditions.Of(all, Now).Single(r => r.Resource.Metadata.Name == name).Conditions.Single(c => c.Type == "Conflict");

    [Fact]
    public void Of_SameGroupInTwo_BothNameTheOther()
    {
        IsovalentMulticastGroup[] all = [Resource("a", "225.0.0.1", "225.0.0.2"), Resource("b", "225.0.0.2"), Resource("c", "225.0.0.3")];
        Assert.Equal("True", Conflict(all, "a").Status);
        Assert.Contains("225.0.0.2 is also in default/b", Conflict(all, "a").Message);
        Assert.Contains("225.0.0.2 is also in default/a", Conflict(all, "b").Message);
        Assert.Equal("False", Conflict(all, "c").Status);
    }

    [Fact]
    public void Of_TwoSpellingsOfOneIpv6Group_AreOneGroup() =>
        Assert.Contains("default/b", Conflict([Resource("a", "ff0e::1"), Resource("b", "FF0E:0:0::1")], "a").Message);

    [Fact]
    public void Of_UnchangedStatus_KeepsItsTime()
    {
        IsovalentMulticastGroup before = Resource("a", "225.0.0.1");
        IReadOnlyList<Condition> first = GroupConditions.Of([before], Now).Single().Conditions;
        IReadOnlyList<Condition> second = GroupConditions.Of([before with { Status = new IsovalentMulticastGroupStatus { Conditions = first } }], Now.AddHours(1)).Single().Conditions;
        Assert.True(GroupConditions.Same(first, second));
        Assert.All(second, c => Assert.Equal(Now, c.LastTransitionTime));
    }
}
