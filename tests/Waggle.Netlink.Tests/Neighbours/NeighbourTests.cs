using System.Net;
using Waggle.Linux;

namespace Waggle.Netlink.Tests.Neighbours;

public sealed class NeighbourTests
{
    private static readonly MacAddress Mac = MacAddress.Parse("02:00:00:00:00:09");

    [Theory]
    [InlineData("10.0.0.9")]
    [InlineData("fd00::9")]
    public async Task EnsureListDelete_Permanent_BothFamilies(string text)
    {
        await using TestNamespace node = TestNamespace.Create();
        (Link a, Link b) = await node.VethAsync();
        var neighbour = new Neighbour(a.Index, IPAddress.Parse(text)) { MacAddress = Mac };
        await node.Rtnl.Neighbours.EnsureAsync(neighbour);
        await node.Rtnl.Neighbours.EnsureAsync(neighbour);
        Assert.Equal(neighbour, Assert.Single(await node.Rtnl.Neighbours.ListAsync(a.Index), other => other.Address.Equals(neighbour.Address)));
        Assert.DoesNotContain(await node.Rtnl.Neighbours.ListAsync(b.Index), other => other.Address.Equals(neighbour.Address));
        var shown = Assert.Single(await node.WitnessAsync("ip", "neigh", "show", text, "dev", "a"));
        Assert.Equal(Mac.ToString(), (string?)shown!["lladdr"]);
        Assert.True(await node.Rtnl.Neighbours.DeleteAsync(neighbour));
        Assert.False(await node.Rtnl.Neighbours.DeleteAsync(neighbour));
    }

    [Theory]
    [InlineData("10.0.0.8")]
    [InlineData("fd00::8")]
    public async Task Proxy_EnsureListDelete_BothFamilies(string text)
    {
        await using TestNamespace node = TestNamespace.Create();
        (Link a, _) = await node.VethAsync();
        var proxy = new Neighbour(a.Index, IPAddress.Parse(text)) { State = NeighbourState.None, Flags = NeighbourFlags.Proxy };
        await node.Rtnl.Neighbours.EnsureAsync(proxy);
        await node.Rtnl.Neighbours.EnsureAsync(proxy);
        Assert.Contains(await node.Rtnl.Neighbours.ListProxiesAsync(a.Index), other => other.Address.Equals(proxy.Address));
        Assert.DoesNotContain(await node.Rtnl.Neighbours.ListAsync(a.Index), other => other.Address.Equals(proxy.Address));
        Assert.True(await node.Rtnl.Neighbours.DeleteAsync(proxy));
        Assert.False(await node.Rtnl.Neighbours.DeleteAsync(proxy));
    }

    [Fact]
    public async Task Forwarding_Vxlan_UnicastAndFloodEntries()
    {
        await using TestNamespace node = TestNamespace.Create();
        Link vxlan = await node.Rtnl.Links.CreateAsync(new VxlanSpec("vx") { Settings = new() { Vni = 5, Port = 8472, Learning = false } });
        var unicast = new ForwardingEntry(vxlan.Index, Mac) { Destination = IPAddress.Parse("192.0.2.1") };
        await node.Rtnl.Forwarding.EnsureAsync(unicast);
        await node.Rtnl.Forwarding.EnsureAsync(unicast with { Destination = IPAddress.Parse("192.0.2.2") });
        var flood = new ForwardingEntry(vxlan.Index, default) { Destination = IPAddress.Parse("192.0.2.3") };
        await node.Rtnl.Forwarding.EnsureAsync(flood);
        await node.Rtnl.Forwarding.EnsureAsync(flood);
        await node.Rtnl.Forwarding.EnsureAsync(flood with { Destination = IPAddress.Parse("192.0.2.4") });

        IReadOnlyList<ForwardingEntry> entries = await node.Rtnl.Forwarding.ListAsync(vxlan.Index);
        Assert.Equal("192.0.2.2", Assert.Single(entries, entry => entry.MacAddress == Mac).Destination!.ToString());
        Assert.Equal(["192.0.2.3", "192.0.2.4"], entries.Where(entry => entry.MacAddress.Value == 0).Select(entry => entry.Destination!.ToString()).Order());
        Assert.True(await node.Rtnl.Forwarding.DeleteAsync(flood));
        Assert.Equal("192.0.2.4", Assert.Single(await node.Rtnl.Forwarding.ListAsync(vxlan.Index), entry => entry.MacAddress.Value == 0).Destination!.ToString());
        Assert.True(await node.Rtnl.Forwarding.DeleteAsync(unicast with { Destination = IPAddress.Parse("192.0.2.2") }));
        Assert.False(await node.Rtnl.Forwarding.DeleteAsync(unicast with { Destination = IPAddress.Parse("192.0.2.2") }));
    }

    [Fact]
    public async Task Forwarding_BridgePort_StaticEntry()
    {
        await using TestNamespace node = TestNamespace.Create();
        (Link a, _) = await node.VethAsync();
        Link bridge = await node.Rtnl.Links.CreateAsync(new BridgeSpec("br0"));
        await node.Rtnl.Links.SetAsync(a.Index, new LinkChange { MasterIndex = bridge.Index });
        await node.Rtnl.Forwarding.EnsureAsync(new ForwardingEntry(a.Index, Mac) { Flags = NeighbourFlags.Master, State = NeighbourState.NoArp });
        ForwardingEntry found = Assert.Single(await node.Rtnl.Forwarding.ListAsync(a.Index), entry => entry.MacAddress == Mac);
        Assert.Equal(bridge.Index, found.MasterIndex);
    }
}
