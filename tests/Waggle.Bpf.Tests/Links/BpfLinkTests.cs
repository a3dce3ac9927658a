using System.Net;
using System.Net.Sockets;
using Waggle.Bpf.Tests.Support;
using Waggle.Linux;

namespace Waggle.Bpf.Tests.Links;

public class BpfLinkTests
{
    [Fact]
    public void AttachTcx_Positions_OrderAsTheKernelRunsThem()
    {
        using var network = new TestNetwork();
        using var o = Load();
        using var count = o.GetProgram("count");
        using var emit = o.GetProgram("emit");
        using var inner = o.GetProgram("lookup_inner");
        network.Near.Run(() =>
        {
            using var middle = BpfLink.AttachTcx(count, network.LeftIndex, ingress: true);
            using var first = BpfLink.AttachTcx(emit, network.LeftIndex, ingress: true, TcxPosition.First);
            using var between = BpfLink.AttachTcx(inner, network.LeftIndex, ingress: true, TcxPosition.Before(middle));

            Assert.Equal([emit.GetInfo().Id, inner.GetInfo().Id, count.GetInfo().Id], BpfLink.QueryTcx(network.LeftIndex, ingress: true));
            Assert.Empty(BpfLink.QueryTcx(network.LeftIndex, ingress: false));
            Assert.Equal((BpfLinkType.Tcx, network.LeftIndex, BpfAttachType.TcxIngress), (middle.GetInfo().Type, middle.GetInfo().Ifindex, middle.GetInfo().AttachType));
        });
    }

    [Fact]
    public void AttachTcx_NoSuchDevice_SaysWhichAndWhy()
    {
        using var network = new TestNetwork();
        using var o = Load();
        using var count = o.GetProgram("count");
        var e = Assert.Throws<BpfException>(() => network.Near.Run(() => BpfLink.AttachTcx(count, 12345, ingress: true)));
        Assert.Equal(Errno.ENODEV, e.Errno);
        Assert.Contains("count to tcx ingress of device 12345", e.Message);
    }

    [Fact]
    public void Pinned_SurvivesItsHandle_UpdateAndDetachWork()
    {
        using var fs = new TestBpffs();
        using var network = new TestNetwork();
        using var o = Load();
        using var count = o.GetProgram("count");
        using var emit = o.GetProgram("emit");
        network.Near.Run(() =>
        {
            using (var link = BpfLink.AttachTcx(count, network.LeftIndex, ingress: true))
            {
                link.Pin(fs.At("left"));
            }

            using var adopted = BpfLink.OpenPinned(fs.At("left"));
            Assert.Equal(count.GetInfo().Id, adopted.GetInfo().ProgramId);
            adopted.Update(emit);
            Assert.Equal([emit.GetInfo().Id], BpfLink.QueryTcx(network.LeftIndex, ingress: true));
            adopted.Detach();
            Assert.Empty(BpfLink.QueryTcx(network.LeftIndex, ingress: true));
            Assert.Equal(0, adopted.GetInfo().Ifindex);
            Assert.Equal(Errno.ENOLINK, Assert.Throws<BpfException>(() => adopted.Update(count)).Errno);
        });
        Assert.Null(BpfLink.TryOpenPinned(fs.At("right")));
    }

    [Fact]
    public void AttachXdpAndCgroup_LinksSayWhatTheyAre()
    {
        using var network = new TestNetwork();
        using var o = Load();
        using var pass = o.GetProgram("pass");
        using var xdp = network.Near.Run(() => BpfLink.AttachXdp(pass, network.LeftIndex, XdpMode.Generic));
        Assert.Equal((BpfLinkType.Xdp, network.LeftIndex), (xdp.GetInfo().Type, xdp.GetInfo().Ifindex));

        var cgroup = Cgroup.Root().Child($"wgt-{Guid.NewGuid():N}").Create();
        try
        {
            using var connect = o.GetProgram("connect4");
            using var link = BpfLink.AttachCgroup(connect, cgroup.Path, BpfAttachType.CgroupInet4Connect);
            Assert.Equal((BpfLinkType.Cgroup, BpfAttachType.CgroupInet4Connect), (link.GetInfo().Type, link.GetInfo().AttachType));
        }
        finally
        {
            cgroup.Remove();
        }
    }

    [Fact]
    public void Update_UnderFlood_EveryPacketMeetsAProgram()
    {
        const int Packets = 40_000;
        using var network = new TestNetwork();
        using var one = Counting();
        using var other = Counting();
        using var first = one.GetProgram("count");
        using var second = other.GetProgram("count");
        using var link = network.Far.Run(() => BpfLink.AttachTcx(first, network.RightIndex, ingress: true));
        using var sender = network.Near.Run(() => new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp));

        var updates = 0;
        var datagram = new byte[32];
        var target = new IPEndPoint(IPAddress.Parse("192.0.2.2"), 9);
        for (var i = 0; i < Packets; i++)
        {
            sender.SendTo(datagram, target);
            if (i % 20 == 0)
            {
                link.Update(updates++ % 2 == 0 ? second : first);
            }
        }

        // The peer's softirq may lag behind the last send; packets still queued are counted when they come through.
        Assert.True(SpinWait.SpinUntil(() => Counted(one) + Counted(other) >= Packets, TimeSpan.FromSeconds(10)), $"{Counted(one)} + {Counted(other)} of {Packets}");
        Assert.True(Counted(one) > 0 && Counted(other) > 0);
    }

    private static BpfObject Load()
    {
        var o = TestObjects.Open("sample");
        o.Load();
        return o;
    }

    /// <summary>Counts everything with mark 0 and drops it.</summary>
    private static BpfObject Counting()
    {
        var o = TestObjects.Open("sample");
        o.SetVariable("count_packets", true);
        o.SetVariable("verdict", 2u);
        o.Load();
        using var map = o.GetMap<Key, Value>("counters");
        map.Update(default, default);
        return o;
    }

    private static ulong Counted(BpfObject o)
    {
        using var map = o.GetMap<Key, Value>("counters");
        return map.TryLookup(default, out var value) ? value.Packets : 0;
    }
}
