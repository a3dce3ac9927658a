using System.Net;
using System.Net.Sockets;
using Microsoft.Extensions.Logging.Abstractions;
using Waggle.Bpf;
using Waggle.Bpf.Tests.Support;
using Waggle.Datapath.Attaching;
using Waggle.Datapath.Loading;
using Waggle.Datapath.Tests.Loading;
using Waggle.Netlink;

namespace Waggle.Datapath.Tests.Attaching;

public sealed class AttachmentsTests : IDisposable
{
    private readonly LoaderFixture fixture = new();
    private readonly TestNetwork network = new();

    private AttachPoint Right => new("right", network.RightIndex, TrafficDirection.Ingress);

    [Theory]
    [InlineData(AttachMode.Tcx)]
    [InlineData(AttachMode.Clsact)]
    public void Attach_AgainAndOther_SaysWhatItDid(AttachMode mode)
    {
        using var one = fixture.Load(["counting"]);
        using var two = fixture.Load(["counting"]);
        Inside(mode, attachments =>
        {
            Assert.Null(Wait(attachments.ProgramIdAsync(Right)));
            Assert.Equal(AttachOutcome.Attached, Wait(attachments.AttachAsync(Right, one["count"])));
            Assert.Equal(AttachOutcome.Unchanged, Wait(attachments.AttachAsync(Right, one["count"])));
            Assert.Equal(AttachOutcome.Replaced, Wait(attachments.AttachAsync(Right, two["count"])));
            Assert.Equal(two["count"].GetInfo().Id, Wait(attachments.ProgramIdAsync(Right)));
            Assert.True(Wait(attachments.DetachAsync(Right)));
            Assert.False(Wait(attachments.DetachAsync(Right)));
            Assert.Null(Wait(attachments.ProgramIdAsync(Right)));
        });
    }

    [Fact]
    public void Attach_Clsact_IsWhatTcShows()
    {
        using var loaded = fixture.Load(["counting"]);
        Inside(AttachMode.Clsact, attachments => Wait(attachments.AttachAsync(Right, loaded["count"])));
        Assert.Contains($"id {loaded["count"].GetInfo().Id}", TestNetwork.Run(network.Far, "tc", "filter show dev right ingress"));
    }

    [Theory]
    [InlineData(AttachMode.Tcx, AttachMode.Clsact)]
    [InlineData(AttachMode.Clsact, AttachMode.Tcx)]
    public void Attach_OtherModeThanBefore_LeavesOneProgram(AttachMode before, AttachMode after)
    {
        using var loaded = fixture.Load(["counting"]);
        Inside(before, attachments => Wait(attachments.AttachAsync(Right, loaded["count"])));
        Inside(after, attachments =>
        {
            Assert.Equal(AttachOutcome.Attached, Wait(attachments.AttachAsync(Right, loaded["count"])));
            Assert.Equal(after == AttachMode.Tcx ? 1 : 0, BpfLink.QueryTcx(network.RightIndex, ingress: true).Count);
        });
        Assert.Equal(after == AttachMode.Clsact, TestNetwork.Run(network.Far, "tc", "filter show dev right ingress").Contains("waggle"));
    }

    [Theory]
    [InlineData(AttachMode.Tcx)]
    [InlineData(AttachMode.Clsact)]
    public async Task RestartAndUpgrade_UnderFlood_LoseNoPacket(AttachMode mode)
    {
        const int Packets = 60_000;
        using (var first = fixture.Load(["counting"]))
        {
            Counters(m => m.Update(0, default));
            Inside(mode, attachments => Wait(attachments.AttachAsync(Right, first["count"])));
        }

        // From here on nobody holds an fd: pins (or the filter) alone keep the program.
        using var sender = network.Near.Run(() => new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp));
        var flood = Task.Factory.StartNew(() => Send(sender, Packets), TestContext.Current.CancellationToken, TaskCreationOptions.LongRunning, TaskScheduler.Default);
        var upgrades = 0;
        while (!flood.IsCompleted || upgrades == 0)
        {
            using var next = fixture.Load(["counting"]);
            Inside(mode, attachments => Assert.Equal(AttachOutcome.Replaced, Wait(attachments.AttachAsync(Right, next["count"]))));
            upgrades++;
        }

        var sent = await flood;
        Assert.True(SpinWait.SpinUntil(() => Counted() >= sent, TimeSpan.FromSeconds(60)), $"{Counted()} of {sent} counted, {upgrades} upgrades");
        Assert.Equal(sent, Counted());
    }

    [Fact]
    public void Prune_DeviceGone_RemovesThePin()
    {
        using var loaded = fixture.Load(["counting"]);
        Inside(AttachMode.Tcx, attachments =>
        {
            Wait(attachments.AttachAsync(Right, loaded["count"]));
            Assert.Equal(0, attachments.Prune());
        });
        TestNetwork.Ip(network.Near, "link delete left");
        Inside(AttachMode.Tcx, attachments => Assert.Equal(1, attachments.Prune()));
        Assert.Empty(Directory.EnumerateFiles(fixture.Paths.Links));
    }

    [Fact]
    public void Attach_NameUsedAgain_AttachesToTheNewDevice()
    {
        using var loaded = fixture.Load(["counting"]);
        Inside(AttachMode.Tcx, attachments => Wait(attachments.AttachAsync(Right, loaded["count"])));
        TestNetwork.Ip(network.Far, "link delete right");
        TestNetwork.Ip(network.Far, "link add right index 4711 type veth peer name other");
        Inside(AttachMode.Tcx, attachments => Assert.Equal(AttachOutcome.Attached, Wait(attachments.AttachAsync(Right with { Ifindex = 4711 }, loaded["count"]))));
    }

    [Fact]
    public void PinName_DeviceWithDot_HasNone() => Assert.Equal("eth0%2E100_egress", new AttachPoint("eth0.100", 3, TrafficDirection.Egress).PinName);

    public void Dispose()
    {
        network.Dispose();
        fixture.Dispose();
    }

    private static T Wait<T>(Task<T> task) => task.GetAwaiter().GetResult();

    private static long Send(Socket sender, int packets)
    {
        var datagram = new byte[32];
        var target = new IPEndPoint(IPAddress.Parse("192.0.2.2"), 9);
        for (var i = 0; i < packets; i++)
        {
            sender.SendTo(datagram, target);
        }

        return packets;
    }

    /// <summary>Runs on one thread inside the far namespace: links are looked up where the thread is.</summary>
    private void Inside(AttachMode mode, Action<Attachments> use) => network.Far.Run(() =>
    {
        using var rtnl = Rtnl.Open(network.Far);
        use(new Attachments(fixture.Paths, new BpfFeatures(), rtnl, NullLogger<Attachments>.Instance, mode));
    });

    private long Counted()
    {
        var count = 0L;
        Counters(m => count = m.TryLookup(0, out var row) ? (long)row.Packets : 0);
        return count;
    }

    private void Counters(Action<BpfMap<uint, Row>> use)
    {
        using var map = BpfMap.OpenPinned(fixture.Paths.Map("test_rows"));
        use(map.As<uint, Row>());
    }
}
