using System.Net;
using System.Net.Sockets;
using Waggle.Linux;

namespace Waggle.Netlink.Tests.Routes;

public sealed class RouteTests
{
    [Theory]
    [InlineData("10.0.1.1", "10.1.0.0/16", "10.0.0.5")]
    [InlineData("fd00::1", "fd01::/64", "fd00::5")]
    public async Task Ensure_OnLinkWithMtuAndSource_AsIpShowsIt(string router, string destination, string source)
    {
        await using TestNamespace node = TestNamespace.Create();
        Link a = await AddressedLinkAsync(node, source);
        var route = new Route(IPNetwork.Parse(destination)) { Gateway = IPAddress.Parse(router), LinkIndex = a.Index, OnLink = true, Mtu = 1400, Source = IPAddress.Parse(source), Priority = 77, AdvertisedMss = 1300 };
        await node.Rtnl.Routes.EnsureAsync(route);
        await node.Rtnl.Routes.EnsureAsync(route with { Mtu = 1350 });

        Route found = Assert.Single(await node.Rtnl.Routes.ListAsync(route.Destination.BaseAddress.AddressFamily, RouteTable.Main), other => other.Destination.Equals(route.Destination));
        Assert.Equal((1350u, 77u, 1300u), (found.Mtu!.Value, found.Priority!.Value, found.AdvertisedMss!.Value));
        Assert.Equal(route.Gateway, found.Gateway);
        Assert.Equal(route.Source, found.Source);
        Assert.True(found.OnLink);
        string family = router.Contains(':') ? "-6" : "-4";
        var shown = Assert.Single(await node.WitnessAsync("ip", family, "route", "show", destination));
        Assert.Equal(1350, (int)shown!["metrics"]![0]!["mtu"]!);
        Assert.Equal(router, (string?)shown["gateway"]);

        Assert.True(await node.Rtnl.Routes.DeleteAsync(new Route(route.Destination) { Priority = 77 }));
        Assert.False(await node.Rtnl.Routes.DeleteAsync(route));
    }

    [Theory]
    [InlineData(RouteType.Unreachable, "10.0.0.0/8", "fd00::/104")]
    [InlineData(RouteType.Blackhole, "10.0.0.0/8", "fd00::/104")]
    [InlineData(RouteType.Prohibit, "10.0.0.0/8", "fd00::/104")]
    public async Task Add_RefusingTypes_BothFamilies(RouteType type, string v4, string v6)
    {
        await using TestNamespace node = TestNamespace.Create();
        await node.Rtnl.Links.SetLoopbackUpAsync();
        foreach (string prefix in (string[])[v4, v6])
        {
            var route = new Route(IPNetwork.Parse(prefix)) { Type = type };
            await node.Rtnl.Routes.AddAsync(route);
            Assert.Equal(type, Assert.Single(await node.Rtnl.Routes.ListAsync(route.Destination.BaseAddress.AddressFamily, RouteTable.Main), r => r.Destination.Equals(route.Destination)).Type);
            var taken = await Assert.ThrowsAsync<NetlinkException>(() => node.Rtnl.Routes.AddAsync(route));
            Assert.Equal(Errno.EEXIST, taken.Errno);
            Assert.True(await node.Rtnl.Routes.DeleteAsync(route));
        }
    }

    [Fact]
    public async Task Add_LocalInOtherTable_OnlyThere()
    {
        await using TestNamespace node = TestNamespace.Create();
        await node.Rtnl.Links.SetLoopbackUpAsync();
        foreach (string prefix in (string[])["0.0.0.0/0", "::/0"])
        {
            var route = new Route(IPNetwork.Parse(prefix)) { Type = RouteType.Local, Table = 2004, LinkIndex = 1 };
            AddressFamily family = route.Destination.BaseAddress.AddressFamily;
            Assert.Empty(await node.Rtnl.Routes.ListAsync(family, 2004));
            await node.Rtnl.Routes.EnsureAsync(route);
            Assert.Equal(RouteType.Local, Assert.Single(await node.Rtnl.Routes.ListAsync(family, 2004)).Type);
            Assert.DoesNotContain(await node.Rtnl.Routes.ListAsync(family, RouteTable.Main), other => other.IsDefault);
            Assert.True(await node.Rtnl.Routes.DeleteAsync(route));
        }
    }

    [Theory]
    [InlineData("10.0.0.5", "10.0.0.1", "10.0.0.2", "10.7.0.0/16")]
    [InlineData("fd00::5", "fd00::1", "fd00::2", "fd07::/64")]
    public async Task Add_Multipath_WeightsReadBack(string own, string first, string second, string destination)
    {
        await using TestNamespace node = TestNamespace.Create();
        Link a = await AddressedLinkAsync(node, own);
        await node.Rtnl.Routes.AddAsync(new Route(IPNetwork.Parse(destination)) { NextHops = [new NextHop(IPAddress.Parse(first), a.Index, 1), new NextHop(IPAddress.Parse(second), a.Index, 3)] });
        Route found = Assert.Single(await node.Rtnl.Routes.ListAsync(table: RouteTable.Main), route => route.Destination.ToString() == destination);
        Assert.Equal([(first, 1), (second, 3)], found.NextHops.Select(hop => (hop.Gateway!.ToString(), hop.Weight)));
    }

    [Fact]
    public async Task Add_Ipv4ByWayOfIpv6_GatewayReadsBack()
    {
        await using TestNamespace node = TestNamespace.Create();
        Link a = await AddressedLinkAsync(node, "fd00::5");
        var route = new Route(IPNetwork.Parse("10.8.0.0/16")) { Gateway = IPAddress.Parse("fd00::1"), LinkIndex = a.Index };
        await node.Rtnl.Routes.AddAsync(route);
        Assert.Equal(route.Gateway, Assert.Single(await node.Rtnl.Routes.ListAsync(AddressFamily.InterNetwork, RouteTable.Main)).Gateway);
    }

    [Fact]
    public async Task Resolve_KnownAndUnknown_RouteOrNull()
    {
        await using TestNamespace node = TestNamespace.Create();
        Link a = await AddressedLinkAsync(node, "10.0.0.5");
        Route? found = await node.Rtnl.Routes.ResolveAsync(IPAddress.Parse("10.0.0.9"));
        Assert.Equal(a.Index, found!.LinkIndex);
        Assert.Equal("10.0.0.5", found.Source!.ToString());
        Assert.Null(await node.Rtnl.Routes.ResolveAsync(IPAddress.Parse("192.0.2.1")));
        Assert.Null(await node.Rtnl.Routes.ResolveAsync(IPAddress.Parse("2001:db8::1")));
    }

    [Fact]
    public async Task Delete_LinkGone_False()
    {
        await using TestNamespace node = TestNamespace.Create();
        Assert.False(await node.Rtnl.Routes.DeleteAsync(new Route(IPNetwork.Parse("10.0.0.0/8")) { LinkIndex = 4711 }));
        Assert.False(await node.Rtnl.Routes.DeleteAsync(new Route(IPNetwork.Parse("fd00::/64")) { LinkIndex = 4711 }));
    }

    [Fact]
    public void Add_WeightOutOfRange_Refused() =>
        Assert.Throws<ArgumentException>(() => RouteMessages.Add(new Route(IPNetwork.Parse("10.0.0.0/8")) { NextHops = [new NextHop(null, 1, 0)] }, MessageFlags.None));

    private static async Task<Link> AddressedLinkAsync(TestNamespace node, string address)
    {
        (Link a, _) = await node.VethAsync();
        int prefix = address.Contains(':') ? 64 : 24;
        await node.Rtnl.Addresses.AddAsync(new InterfaceAddress(a.Index, IPAddress.Parse(address), prefix) { Flags = AddressFlags.NoDuplicateDetection });
        return a;
    }
}
