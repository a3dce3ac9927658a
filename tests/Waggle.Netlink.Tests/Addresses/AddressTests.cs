using System.Net;
using System.Net.Sockets;
using Waggle.Linux;

namespace Waggle.Netlink.Tests.Addresses;

public sealed class AddressTests
{
    [Theory]
    [InlineData("10.0.1.7", 24)]
    [InlineData("fd00::107", 120)]
    public async Task AddEnsureDelete_BothFamilies_AsIpShowsThem(string text, int prefix)
    {
        await using TestNamespace node = TestNamespace.Create();
        (Link a, _) = await node.VethAsync();
        var address = new InterfaceAddress(a.Index, IPAddress.Parse(text), prefix) { Flags = AddressFlags.NoPrefixRoute | AddressFlags.NoDuplicateDetection };
        await node.Rtnl.Addresses.AddAsync(address);
        await node.Rtnl.Addresses.EnsureAsync(address);
        var taken = await Assert.ThrowsAsync<NetlinkException>(() => node.Rtnl.Addresses.AddAsync(address));
        Assert.Equal(Errno.EEXIST, taken.Errno);

        InterfaceAddress found = Assert.Single(await node.Rtnl.Addresses.ListAsync(a.Index, address.Address.AddressFamily), other => other.Address.Equals(address.Address));
        Assert.Equal(prefix, found.PrefixLength);
        Assert.True(found.Flags.HasFlag(AddressFlags.NoPrefixRoute));
        Assert.Null(found.ValidLifetime);
        Assert.Null(found.Peer);
        var shown = (await node.WitnessAsync("ip", "addr", "show", "dev", "a"))[0]!["addr_info"]!.AsArray();
        Assert.Contains(shown, entry => (string?)entry!["local"] == text && (int)entry["prefixlen"]! == prefix && (bool)entry["noprefixroute"]!);
        Assert.DoesNotContain(await node.Rtnl.Routes.ListAsync(address.Address.AddressFamily, RouteTable.Main), route => route.Destination.PrefixLength == prefix && route.LinkIndex == a.Index);

        Assert.True(await node.Rtnl.Addresses.DeleteAsync(address));
        Assert.False(await node.Rtnl.Addresses.DeleteAsync(address));
        Assert.False(await node.Rtnl.Addresses.DeleteAsync(address with { LinkIndex = 4711 }));
    }

    [Fact]
    public async Task Add_ScopeLifetimePeerLabel_ReadBack()
    {
        await using TestNamespace node = TestNamespace.Create();
        (Link a, _) = await node.VethAsync();
        await node.Rtnl.Addresses.AddAsync(new InterfaceAddress(a.Index, IPAddress.Parse("169.254.1.1"), 32) { Scope = RouteScope.Link, Peer = IPAddress.Parse("169.254.1.2"), Label = "a:1", ValidLifetime = TimeSpan.FromHours(2), PreferredLifetime = TimeSpan.FromHours(1) });
        InterfaceAddress found = Assert.Single(await node.Rtnl.Addresses.ListAsync(a.Index, AddressFamily.InterNetwork));
        Assert.Equal(RouteScope.Link, found.Scope);
        Assert.Equal(IPAddress.Parse("169.254.1.2"), found.Peer);
        Assert.Equal("a:1", found.Label);
        Assert.InRange(found.ValidLifetime!.Value, TimeSpan.FromMinutes(119), TimeSpan.FromHours(2));
        Assert.InRange(found.PreferredLifetime!.Value, TimeSpan.FromMinutes(59), TimeSpan.FromHours(1));
    }

    [Fact]
    public async Task List_OfOneLink_OnlyThatLinks()
    {
        await using TestNamespace node = TestNamespace.Create();
        (Link a, Link b) = await node.VethAsync();
        await node.Rtnl.Addresses.AddAsync(new InterfaceAddress(a.Index, IPAddress.Parse("10.0.0.1"), 32));
        await node.Rtnl.Addresses.AddAsync(new InterfaceAddress(b.Index, IPAddress.Parse("10.0.0.2"), 32));
        Assert.Equal("10.0.0.2", Assert.Single(await node.Rtnl.Addresses.ListAsync(b.Index, AddressFamily.InterNetwork)).Address.ToString());
        Assert.Equal(2, (await node.Rtnl.Addresses.ListAsync(0, AddressFamily.InterNetwork)).Count);
    }

    [Fact]
    public void Add_PrefixTooLong_Refused() =>
        Assert.Throws<ArgumentException>(() => AddressMessages.Add(new InterfaceAddress(1, IPAddress.Loopback, 33), MessageFlags.None));
}
