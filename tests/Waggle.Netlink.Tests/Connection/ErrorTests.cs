using System.Net;
using Waggle.Linux;

namespace Waggle.Netlink.Tests.Connection;

public sealed class ErrorTests
{
    [Fact]
    public async Task Refusal_WithExtendedAck_CarriesTheKernelsText()
    {
        await using TestNamespace node = TestNamespace.Create();
        var e = await Assert.ThrowsAsync<NetlinkException>(() => node.Rtnl.Routes.AddAsync(new Route(IPNetwork.Parse("10.9.0.0/16")) { Gateway = IPAddress.Parse("10.1.2.3") }));
        Assert.Equal(Errno.ENETUNREACH, e.Errno);
        Assert.Equal("add route", e.Operation);
        Assert.Equal("10.9.0.0/16", e.Target);
        Assert.Equal("Nexthop has invalid gateway", e.KernelText);
        Assert.Equal("add route 10.9.0.0/16: ENETUNREACH (Network is unreachable): Nexthop has invalid gateway", e.Message);
    }

    [Fact]
    public async Task Refusal_OfOneAttribute_CarriesItsOffset()
    {
        await using TestNamespace node = TestNamespace.Create();
        var e = await Assert.ThrowsAsync<NetlinkException>(() => node.Rtnl.Links.CreateAsync(new VxlanSpec("vx") { Settings = new() { Vni = 1 << 24 } }));
        Assert.Equal(Errno.ERANGE, e.Errno);
        Assert.NotNull(e.KernelText);
        Assert.InRange(e.Offset!.Value, 32, 200);
    }

    [Fact]
    public async Task Refusal_UnknownKind_SaysSo()
    {
        await using TestNamespace node = TestNamespace.Create();
        var e = await Assert.ThrowsAsync<NetlinkException>(() => node.Rtnl.Links.CreateAsync(new PlainLinkSpec("x", "nosuchkind")));
        Assert.Equal(Errno.EOPNOTSUPP, e.Errno);
        Assert.Contains("create nosuchkind link x", e.Message);
    }

    [Fact]
    public async Task Get_UnknownLink_NamesIt()
    {
        await using TestNamespace node = TestNamespace.Create();
        var e = await Assert.ThrowsAsync<NetlinkException>(() => node.Rtnl.Links.GetAsync("nope"));
        Assert.Equal(Errno.ENODEV, e.Errno);
        Assert.Contains("nope", e.Message);
    }
}
