using Waggle.Datapath.Abi;
using Waggle.Datapath.Tests.Packets.Support;
using static Waggle.Datapath.Tests.Packets.Support.GroupRecordType;

namespace Waggle.Datapath.Tests.Packets;

public sealed class PodMldTests(PodHook pod) : IClassFixture<PodHook>
{
    private static int nextGroup;

    private Hook Hook => pod.Hook;

    [Fact]
    public void Pod_Mld1_ReportJoinsAndDoneLeaves()
    {
        var group = NewGroup();
        pod.FromPod(PacketBuilder.MldMessage(Configs.PodLink, 131, group)).Dropped(DropReason.IgmpSubscribed);
        Assert.True(Hook.IsMember(group));
        Assert.Equal((byte)MembershipCompat.Mld1, Hook.Join(group)!.Value.Compat);
        pod.FromPod(PacketBuilder.MldMessage(Configs.PodLink, 132, group)).Dropped(DropReason.IgmpHandled);
        Assert.False(Hook.IsMember(group));
    }

    [Theory]
    [InlineData(Configs.PodLink)]
    [InlineData("::")]
    public void Pod_Mld2_ReportJoins(string source)
    {
        var group = NewGroup();
        pod.FromPod(PacketBuilder.Mld2Report(source, new GroupRecord(ToExclude, group))).Dropped(DropReason.IgmpSubscribed);
        Assert.Equal((byte)MembershipCompat.Mld2, Hook.Join(group)!.Value.Compat);
        Assert.True(Hook.IsMember(group));
    }

    [Fact]
    public void Pod_Mld2_SourceListsFollowed()
    {
        var group = NewGroup();
        pod.FromPod(PacketBuilder.Mld2Report(Configs.PodLink, new GroupRecord(IsInclude, group, "fd00::1", "fd00::2")));
        Assert.Equal(["fd00::1", "fd00::2"], Hook.Sources(group)!);
        pod.FromPod(PacketBuilder.Mld2Report(Configs.PodLink, new GroupRecord(Block, group, "fd00::1"), new GroupRecord(Allow, group, "fd00::3")));
        Assert.Equal(["fd00::2", "fd00::3"], Hook.Sources(group)!);
        pod.FromPod(PacketBuilder.Mld2Report(Configs.PodLink, new GroupRecord(ToInclude, group)));
        Assert.False(Hook.IsMember(group));
        Assert.Null(Hook.Sources(group));
    }

    [Fact]
    public void Pod_Mld2_SolicitedNodeGroupNeedsNoMembership()
    {
        Hook.AddGroup("ff02::1:ff00:105");
        pod.FromPod(PacketBuilder.Mld2Report("::", new GroupRecord(ToExclude, "ff02::1:ff00:105"))).Dropped(DropReason.IgmpLinkLocalGroup);
        Assert.False(Hook.IsMember("ff02::1:ff00:105"));
    }

    [Theory]
    [InlineData("ff01::5")]
    [InlineData("ff02::5")]
    [InlineData("ff12::5")]
    [InlineData("ff00::5")]
    public void Pod_Mld_ScopeBelowAdminNeverSubscribed(string group)
    {
        Hook.AddGroup(group);
        pod.FromPod(PacketBuilder.MldMessage(Configs.PodLink, 131, group)).Dropped(DropReason.IgmpLinkLocalGroup);
        Assert.False(Hook.IsMember(group));
    }

    [Fact]
    public void Pod_Mld_WithoutRouterAlertJoinsToo()
    {
        var group = NewGroup();
        pod.FromPod(PacketBuilder.Ip(Configs.PodLink, group).HopLimit(1)
            .IcmpMessage([131, 0, 0, 0, 0, 0, 0, 0, .. System.Net.IPAddress.Parse(group).GetAddressBytes()])).Dropped(DropReason.IgmpSubscribed);
    }

    [Fact]
    public void Pod_Mld_GlobalSourceRefused() => Refused(g => PacketBuilder.MldMessage(Configs.Pod6, 131, g), DropReason.MldBadSource);

    [Fact]
    public void Pod_Mld_SpoofedSourceRefused() => Refused(g => PacketBuilder.MldMessage(Configs.Other6, 131, g), DropReason.InvalidSourceIp);

    [Fact]
    public void Pod_Mld_BadChecksumRefused() => Refused(g => PacketBuilder.MldMessage(Configs.PodLink, 131, g).CorruptChecksum(), DropReason.IgmpChecksum);

    [Fact]
    public void Pod_Mld_HopLimitOtherThanOneRefused() => Refused(g => PacketBuilder.MldMessage(Configs.PodLink, 131, g).HopLimit(255), DropReason.IgmpHopLimit);

    [Fact]
    public void Pod_Mld_QueryFromPodRefused() => Refused(g => PacketBuilder.MldMessage(Configs.PodLink, 130, g), DropReason.IgmpQueryFromPod);

    [Fact]
    public void Pod_Mld_TruncatedReportRefused() =>
        Refused(g => PacketBuilder.Ip(Configs.PodLink, g).HopLimit(1).RouterAlert().IcmpMessage([131, 0, 0, 0, 0, 0, 0, 0, 0xff, 5, 0, 0]), DropReason.IgmpTruncated);

    [Theory]
    [InlineData(2, 1, DropReason.IgmpTruncated)]
    [InlineData(10000, 1, DropReason.IgmpTooManyRecords)]
    public void Pod_Mld2_WrongRecordCountRefused(int claimed, int present, DropReason reason) => Refused(
        g => PacketBuilder.Ip(Configs.PodLink, "ff02::16").HopLimit(1).RouterAlert()
            .IcmpMessage(PacketBuilder.Mld2Bytes(claimed, [.. Enumerable.Repeat(new GroupRecord(ToExclude, g), present)])),
        reason);

    [Fact]
    public void Pod_Mld_EndlessExtensionHeadersRefused() => Refused(
        g => Enumerable.Range(0, 7)
            .Aggregate(PacketBuilder.Ip(Configs.PodLink, g).HopLimit(1), (p, i) => p.Extension(i == 0 ? (byte)0 : (byte)60, 1, 4, 0, 0, 0, 0))
            .IcmpMessage([131, 0, 0, 0, 0, 0, 0, 0, .. System.Net.IPAddress.Parse(g).GetAddressBytes()]),
        DropReason.InvalidExtensionHeader);

    private void Refused(Func<string, PacketBuilder> packet, DropReason reason)
    {
        var group = NewGroup();
        pod.FromPod(packet(group)).Dropped(reason);
        Assert.False(Hook.IsMember(group));
    }

    private string NewGroup()
    {
        Hook.Map<uint, McastLimit>("mcast_limits").Update(1, default);
        var group = $"ff05::{Interlocked.Increment(ref nextGroup):x}";
        Hook.AddGroup(group);
        return group;
    }
}
