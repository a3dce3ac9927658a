using System.Net;
using Waggle.Linux;

namespace Waggle.Netlink.Tests.Multicast;

public sealed class MulticastTests
{
    [Theory]
    [InlineData("225.0.0.11", null)]
    [InlineData("ff05::11", null)]
    [InlineData("232.0.0.11", "10.0.0.1")]
    public async Task EnsureListDelete_Group_AsBridgeShowsIt(string group, string? source)
    {
        await using TestNamespace node = TestNamespace.Create();
        (Link a, Link b) = await node.VethAsync();
        Link bridge = await node.Rtnl.Links.CreateAsync(new BridgeSpec("br0") { Up = true, Settings = new() { MulticastSnooping = true } });
        await node.Rtnl.Links.SetAsync(a.Index, new LinkChange { MasterIndex = bridge.Index });
        var entry = new MulticastEntry(bridge.Index, a.Index, IPAddress.Parse(group)) { Source = source is null ? null : IPAddress.Parse(source) };
        await node.Rtnl.Multicast.EnsureAsync(entry);
        await node.Rtnl.Multicast.EnsureAsync(entry);
        Assert.Contains(entry, await node.Rtnl.Multicast.ListAsync(bridge.Index));
        var shown = await node.WitnessAsync("bridge", "mdb", "show");
        Assert.Contains(shown[0]!["mdb"]!.AsArray(), row => (string?)row!["grp"] == group && (string?)row["port"] == "a");
        Assert.True(await node.Rtnl.Multicast.DeleteAsync(entry));
        Assert.False(await node.Rtnl.Multicast.DeleteAsync(entry));
    }

    [Fact]
    public async Task Ensure_LinkLocalGroup_RefusedWithText()
    {
        await using TestNamespace node = TestNamespace.Create();
        (Link a, _) = await node.VethAsync();
        Link bridge = await node.Rtnl.Links.CreateAsync(new BridgeSpec("br0") { Up = true });
        await node.Rtnl.Links.SetAsync(a.Index, new LinkChange { MasterIndex = bridge.Index });
        var e = await Assert.ThrowsAsync<NetlinkException>(() => node.Rtnl.Multicast.EnsureAsync(new MulticastEntry(bridge.Index, a.Index, IPAddress.Parse("224.0.0.1"))));
        Assert.Equal(Errno.EINVAL, e.Errno);
        Assert.NotNull(e.KernelText);
    }
}
