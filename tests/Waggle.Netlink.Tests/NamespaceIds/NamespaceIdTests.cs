using Waggle.Linux;

namespace Waggle.Netlink.Tests.NamespaceIds;

public sealed class NamespaceIdTests
{
    [Fact]
    public async Task Ensure_ChosenAndAutomatic_AsIpShowsThem()
    {
        await using TestNamespace node = TestNamespace.Create();
        using NetworkNamespace first = NetworkNamespace.Create();
        using NetworkNamespace second = NetworkNamespace.Create();
        Assert.Null(await node.Rtnl.NamespaceIds.FindAsync(first));
        Assert.Equal(42, await node.Rtnl.NamespaceIds.EnsureAsync(first, 42));
        Assert.Equal(42, await node.Rtnl.NamespaceIds.EnsureAsync(first));
        Assert.Equal(42, await node.Rtnl.NamespaceIds.EnsureAsync(first, 7)); // it has one already
        int other = await node.Rtnl.NamespaceIds.EnsureAsync(second);
        Assert.NotEqual(42, other);
        Assert.Equal(new[] { 42, other }.Order(), (await node.Rtnl.NamespaceIds.ListAsync()).Order());
        Assert.Contains(await node.WitnessAsync("ip", "netns", "list-id"), entry => (int)entry!["nsid"]! == 42);
    }

    [Fact]
    public async Task Ensure_NumberOfAnother_Refused()
    {
        await using TestNamespace node = TestNamespace.Create();
        using NetworkNamespace first = NetworkNamespace.Create();
        using NetworkNamespace second = NetworkNamespace.Create();
        await node.Rtnl.NamespaceIds.EnsureAsync(first, 42);
        await Assert.ThrowsAsync<NetlinkException>(() => node.Rtnl.NamespaceIds.EnsureAsync(second, 42));
    }
}
