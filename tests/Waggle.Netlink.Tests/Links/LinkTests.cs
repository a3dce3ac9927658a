using System.Text.Json.Nodes;
using Waggle.Linux;

namespace Waggle.Netlink.Tests.Links;

public sealed class LinkTests
{
    [Fact]
    public async Task Create_VethWithPeerElsewhere_EachEndInItsNamespace()
    {
        await using TestNamespace node = TestNamespace.Create();
        await using TestNamespace pod = TestNamespace.Create();
        string[] before = HostLinks();
        string ownNamespace = OwnNamespace();

        var mac = MacAddress.Parse("02:11:22:33:44:55");
        Link host = await node.Rtnl.Links.CreateAsync(new VethSpec("lxc1", "eth0")
        {
            PeerNamespace = pod.Handle, Mtu = 1450, PeerMtu = 1440, PeerAddress = mac, Up = true, PeerUp = true, GsoMaxSize = 32768,
        });

        Assert.Equal("veth", host.Kind);
        Assert.Equal(1450u, host.Mtu);
        Assert.Equal(32768u, host.GsoMaxSize);
        Assert.True(host.IsUp);
        Assert.NotNull(host.PeerNamespaceId);
        Link eth0 = await pod.Rtnl.Links.GetAsync("eth0");
        Assert.Equal(mac, eth0.Address);
        Assert.Equal(1440u, eth0.Mtu);
        Assert.Equal(eth0.Index, host.ParentIndex);
        Assert.Equal(host.Index, eth0.ParentIndex);
        Assert.Null(await node.Rtnl.Links.FindAsync("eth0"));
        JsonArray witness = await pod.WitnessAsync("ip", "link", "show", "dev", "eth0");
        Assert.Equal("02:11:22:33:44:55", (string?)witness[0]!["address"]);
        Assert.Equal(before, HostLinks());
        Assert.Equal(ownNamespace, OwnNamespace());
    }

    [Fact]
    public async Task Create_VxlanExternal_AsIpShowsIt()
    {
        await using TestNamespace node = TestNamespace.Create();
        Link link = await node.Rtnl.Links.CreateAsync(new VxlanSpec("cilium_vxlan")
        {
            Up = true, Address = MacAddress.Parse("02:aa:00:00:00:01"), Settings = new VxlanSettings { External = true, Port = 8472 },
        });
        Assert.Equal(new VxlanSettings { External = true, Port = 8472, Vni = 0, Learning = false }, link.Vxlan! with { Ttl = null, UdpChecksum = null, ZeroChecksum6Receive = null, ZeroChecksum6Transmit = null });
        JsonNode data = (await node.WitnessAsync("ip", "link", "show", "dev", "cilium_vxlan"))[0]!["linkinfo"]!["info_data"]!;
        Assert.True((bool)data["external"]!);
        Assert.Equal(8472, (int)data["port"]!);
    }

    [Fact]
    public async Task Create_VxlanPointToPoint_SettingsReadBack()
    {
        await using TestNamespace node = TestNamespace.Create();
        (Link under, _) = await node.VethAsync();
        var settings = new VxlanSettings { Vni = 77, Port = 4789, Local = System.Net.IPAddress.Parse("fd00::1"), Group = System.Net.IPAddress.Parse("fd00::2"), UnderlayIndex = under.Index, Learning = false };
        Link link = await node.Rtnl.Links.CreateAsync(new VxlanSpec("vx6") { Settings = settings });
        Assert.Equal(settings, link.Vxlan! with { Ttl = null, UdpChecksum = null, ZeroChecksum6Receive = null, ZeroChecksum6Transmit = null });
    }

    [Fact]
    public async Task Bridge_CreateChangeAndPorts_AsIpShowsIt()
    {
        await using TestNamespace node = TestNamespace.Create();
        (Link a, _) = await node.VethAsync();
        Link bridge = await node.Rtnl.Links.CreateAsync(new BridgeSpec("br0") { Up = true, Settings = new() { MulticastSnooping = false, Ageing = TimeSpan.FromSeconds(60), ForwardDelay = TimeSpan.Zero } });
        Assert.False(bridge.Bridge!.MulticastSnooping);
        Assert.Equal(TimeSpan.FromSeconds(60), bridge.Bridge.Ageing);

        await node.Rtnl.Links.SetAsync(bridge.Index, new LinkChange { Bridge = new() { MulticastSnooping = true, MulticastQuerier = true, MulticastHashMax = 8192 } });
        await node.Rtnl.Links.SetAsync(a.Index, new LinkChange { MasterIndex = bridge.Index });
        await node.Rtnl.Links.SetBridgePortAsync(a.Index, new BridgePortSettings { Hairpin = true, Learning = false, MulticastFlood = false, FastLeave = true, MulticastRouter = 2 });

        BridgeSettings changed = (await node.Rtnl.Links.GetAsync(bridge.Index)).Bridge!;
        Assert.True(changed.MulticastSnooping);
        Assert.True(changed.MulticastQuerier);
        Assert.Equal(8192u, changed.MulticastHashMax);
        Assert.Equal(bridge.Index, (await node.Rtnl.Links.GetAsync(a.Index)).MasterIndex);
        JsonNode port = (await node.WitnessAsync("ip", "link", "show", "dev", "a"))[0]!["linkinfo"]!["info_slave_data"]!;
        Assert.True((bool)port["hairpin"]!);
        Assert.False((bool)port["learning"]!);
        Assert.False((bool)port["mcast_flood"]!);
        Assert.True((bool)port["fastleave"]!);
        Assert.Equal(2, (int)port["multicast_router"]!);

        await node.Rtnl.Links.SetAsync(a.Index, new LinkChange { MasterIndex = 0 });
        Assert.Equal(0, (await node.Rtnl.Links.GetAsync(a.Index)).MasterIndex);
    }

    [Fact]
    public async Task Set_ManyThings_AllInOneRequest()
    {
        await using TestNamespace node = TestNamespace.Create();
        Link link = await node.Rtnl.Links.CreateAsync(new VethSpec("a", "b"));
        await node.Rtnl.Links.SetAsync(link.Index, new LinkChange
        {
            Name = "renamed", Up = true, Mtu = 1400, Address = MacAddress.Parse("02:00:00:00:00:77"), Arp = false, AllMulticast = true,
            GsoMaxSize = 30000, GroMaxSize = 30000, Alias = "über", TransmitQueueLength = 77, Ipv6AddressGeneration = Ipv6AddressGeneration.None,
        });
        Link changed = await node.Rtnl.Links.GetAsync("renamed");
        Assert.Equal(link.Index, changed.Index);
        Assert.Equal(1400u, changed.Mtu);
        Assert.Equal("02:00:00:00:00:77", changed.Address.ToString());
        Assert.Equal(LinkFlags.Up | LinkFlags.NoArp | LinkFlags.AllMulticast, changed.Flags & (LinkFlags.Up | LinkFlags.NoArp | LinkFlags.AllMulticast));
        Assert.Equal((30000u, 30000u, "über", 77u), (changed.GsoMaxSize, changed.GroMaxSize, changed.Alias, changed.TransmitQueueLength));
        Assert.Empty(await node.Rtnl.Addresses.ListAsync(link.Index)); // no link-local address was generated
    }

    [Fact]
    public async Task Move_ToOtherNamespaceUnderNewName_IsThere()
    {
        await using TestNamespace from = TestNamespace.Create();
        await using TestNamespace to = TestNamespace.Create();
        (Link a, _) = await from.VethAsync();
        await from.Rtnl.Links.MoveAsync(a.Index, to.Handle, "eth0");
        Assert.Null(await from.Rtnl.Links.FindAsync("a"));
        Assert.Equal("veth", (await to.Rtnl.Links.GetAsync("eth0")).Kind);
    }

    [Fact]
    public async Task Ensure_Twice_SameLink()
    {
        await using TestNamespace node = TestNamespace.Create();
        Link first = await node.Rtnl.Links.EnsureAsync(new BridgeSpec("br0"));
        Link second = await node.Rtnl.Links.EnsureAsync(new BridgeSpec("br0"));
        Assert.Equal(first.Index, second.Index);
        var wrong = await Assert.ThrowsAsync<NetlinkException>(() => node.Rtnl.Links.EnsureAsync(new VxlanSpec("br0")));
        Assert.Equal(Errno.EEXIST, wrong.Errno);
        Assert.Contains("bridge", wrong.Message);
    }

    [Fact]
    public async Task Delete_PresentThenAbsent_TrueThenFalse()
    {
        await using TestNamespace node = TestNamespace.Create();
        await node.VethAsync();
        Assert.True(await node.Rtnl.Links.DeleteAsync("a"));
        Assert.False(await node.Rtnl.Links.DeleteAsync("a"));
        Assert.False(await node.Rtnl.Links.DeleteAsync(4711));
        Assert.Null(await node.Rtnl.Links.FindAsync("b"));
    }

    [Fact]
    public async Task List_200Links_AllInSeveralParts()
    {
        await using TestNamespace node = TestNamespace.Create();
        for (int i = 0; i < 100; i++)
            await node.Rtnl.Links.CreateAsync(new VethSpec($"a{i}", $"b{i}"));
        IReadOnlyList<Link> links = await node.Rtnl.Links.ListAsync(statistics: true);
        string[] expected = [.. Enumerable.Range(0, 100).SelectMany(i => (string[])[$"a{i}", $"b{i}"]), "lo"];
        Assert.Equal(expected.Order(), links.Select(link => link.Name).Where(name => expected.Contains(name)).Order());
        Assert.Equal(links.Count, links.Select(link => link.Index).Distinct().Count());
    }

    [Fact]
    public async Task Get_Loopback_CountersAndFlags()
    {
        await using TestNamespace node = TestNamespace.Create();
        await node.Rtnl.Links.SetLoopbackUpAsync();
        node.Handle.Run(() =>
        {
            using var ping = new System.Net.Sockets.UdpClient();
            ping.Send([1, 2, 3], 3, new System.Net.IPEndPoint(System.Net.IPAddress.Loopback, 9));
        });
        Link lo = await node.Rtnl.Links.GetAsync("lo");
        Assert.True(lo.Flags.HasFlag(LinkFlags.Loopback | LinkFlags.Up));
        Assert.True(lo.Statistics.SentPackets > 0);
    }

    [Theory]
    [InlineData("")]
    [InlineData("sixteen-bytes-xx")]
    [InlineData("a/b")]
    [InlineData("..")]
    public async Task Create_BadName_RefusedBeforeTheKernel(string name)
    {
        await using TestNamespace node = TestNamespace.Create();
        await Assert.ThrowsAsync<ArgumentException>(() => node.Rtnl.Links.CreateAsync(new BridgeSpec(name)));
    }

    private static string[] HostLinks() => [.. Directory.GetDirectories("/sys/class/net").Order()];

    private static string OwnNamespace() => File.ResolveLinkTarget("/proc/thread-self/ns/net", false)!.Name;
}
