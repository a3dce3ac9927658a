using System.Net;
using System.Net.Sockets;

namespace Waggle.Netlink.Tests.Rules;

public sealed class RuleTests
{
    [Theory]
    [InlineData(AddressFamily.InterNetwork, "10.0.0.0/8", "-4")]
    [InlineData(AddressFamily.InterNetworkV6, "fd00::/104", "-6")]
    public async Task EnsureListDelete_BothFamilies_AsIpShowsThem(AddressFamily family, string from, string flag)
    {
        await using TestNamespace node = TestNamespace.Create();
        var rule = new RoutingRule(family, 9) { From = IPNetwork.Parse(from), Mark = 0x200, MarkMask = 0xf00, Table = 2004, InputInterface = "lxc0", Invert = true };
        await node.Rtnl.Rules.EnsureAsync(rule);
        await node.Rtnl.Rules.EnsureAsync(rule);
        Assert.Equal(rule, Assert.Single(await node.Rtnl.Rules.ListAsync(family), other => other.Priority == 9));
        var shown = Assert.Single(await node.WitnessAsync("ip", flag, "rule", "show", "priority", "9"));
        Assert.Equal("0x200", (string?)shown!["fwmark"]);
        Assert.Equal("2004", (string?)shown["table"]);
        Assert.True(await node.Rtnl.Rules.DeleteAsync(rule));
        Assert.False(await node.Rtnl.Rules.DeleteAsync(rule));
    }

    [Fact]
    public async Task List_NewNamespace_TheKernelsOwnInOrder()
    {
        await using TestNamespace node = TestNamespace.Create();
        IReadOnlyList<RoutingRule> rules = await node.Rtnl.Rules.ListAsync();
        Assert.Equal([0u, 32766u, 32767u], rules.Where(rule => rule.Family == AddressFamily.InterNetwork).Select(rule => rule.Priority));
        Assert.Equal([0u, 32766u], rules.Where(rule => rule.Family == AddressFamily.InterNetworkV6).Select(rule => rule.Priority));
    }
}
