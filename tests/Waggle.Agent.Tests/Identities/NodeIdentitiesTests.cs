using System.Net;
using Waggle.Agent.Identities;

namespace Waggle.Agent.Tests.Identities;

public sealed class NodeIdentitiesTests
{
    private static readonly IPAddress A = IPAddress.Parse("172.18.0.3"), B = IPAddress.Parse("172.18.0.4");
    private readonly NodeIdentities _numbers = new();

    [Fact]
    public void NumberOf_EqualLabels_ShareANumber_OthersDoNot()
    {
        uint blue = _numbers.NumberOf(["node:zone=blue"], [A]), red = _numbers.NumberOf(["node:zone=red"], [B]);
        Assert.NotEqual(blue, red);
        Assert.Equal(blue, _numbers.NumberOf(["node:zone=blue"], [B]));
        Assert.All([blue, red], n => Assert.InRange(n, NodeIdentities.First, NodeIdentities.Last));
    }

    [Fact]
    public void Restore_GivesTheSameNumberToTheSameAddress_AndToNobodyElse()
    {
        uint kept = NodeIdentities.First + 1;
        _numbers.Restore(A, kept);
        _numbers.Restore(IPAddress.Parse("10.0.1.1"), 1234); // a pod's
        Assert.NotEqual(kept, _numbers.NumberOf(["node:zone=red"], [B]));
        Assert.Equal(kept, _numbers.NumberOf(["node:zone=blue"], [A]));

        // Restored: from now on other labels are another identity, also for this address.
        _numbers.EndRestoring();
        Assert.NotEqual(kept, _numbers.NumberOf(["node:zone=green"], [A]));
    }

    [Fact]
    public void Release_LetsTheNumberRest()
    {
        uint first = _numbers.NumberOf(["a"], []);
        _numbers.Release(first);
        Assert.NotEqual(first, _numbers.NumberOf(["b"], []));
        Assert.NotEqual(first, _numbers.NumberOf(["a"], []));
    }

    [Theory]
    [InlineData("", "kubernetes.io/hostname", true)]
    [InlineData("topology.kubernetes.io/", "kubernetes.io/hostname", false)]
    [InlineData("topology.kubernetes.io/", "topology.kubernetes.io/zone", true)]
    [InlineData("!kubernetes.io/hostname", "kubernetes.io/hostname", false)]
    [InlineData("!kubernetes.io/hostname", "zone", true)]
    public void OfNodes_TakesWhatTheConfigurationSays(string filter, string key, bool taken) => Assert.Equal(taken, LabelFilter.OfNodes(filter).Takes(key));
}
