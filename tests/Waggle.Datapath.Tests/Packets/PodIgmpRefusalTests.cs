using Waggle.Datapath.Abi;
using Waggle.Datapath.Tests.Packets.Support;
using static Waggle.Datapath.Tests.Packets.Support.GroupRecordType;

namespace Waggle.Datapath.Tests.Packets;

/// <summary>What a pod must not achieve with IGMP: each refusal has its own reason, and changes nothing.</summary>
public sealed class PodIgmpRefusalTests(PodHook pod) : IClassFixture<PodHook>
{
    private const string Group = "239.4.4.4";

    private Hook Hook
    {
        get
        {
            if (!configured)
            {
                pod.Hook.AddGroup(Group);
                configured = true;
            }

            return pod.Hook;
        }
    }

    private bool configured;

    [Fact]
    public void Pod_Igmp_BadChecksumRefused() => Refused(PacketBuilder.IgmpMessage(Configs.Pod4, 0x16, Group).CorruptChecksum(), DropReason.IgmpChecksum);

    [Fact]
    public void Pod_Igmp_SpoofedSourceRefused() => Refused(PacketBuilder.IgmpMessage(Configs.Other4, 0x16, Group), DropReason.InvalidSourceIp);

    [Theory]
    [InlineData(0)]
    [InlineData(2)]
    [InlineData(64)]
    public void Pod_Igmp_TtlOtherThanOneRefused(byte ttl) => Refused(PacketBuilder.IgmpMessage(Configs.Pod4, 0x16, Group).HopLimit(ttl), DropReason.IgmpHopLimit);

    [Fact]
    public void Pod_Igmp_QueryFromPodRefused() => Refused(PacketBuilder.IgmpMessage(Configs.Pod4, 0x11, Group), DropReason.IgmpQueryFromPod);

    [Theory]
    [InlineData(0x13)]
    [InlineData(0x14)]
    [InlineData(0xff)]
    public void Pod_Igmp_UnknownTypeRefused(byte type) => Refused(PacketBuilder.IgmpMessage(Configs.Pod4, type, Group), DropReason.IgmpUnknownType);

    [Fact]
    public void Pod_Igmp_FragmentRefused() => Refused(PacketBuilder.IgmpMessage(Configs.Pod4, 0x16, Group).Fragment(0, more: true), DropReason.IgmpTruncated);

    [Theory]
    [InlineData(0)]
    [InlineData(4)]
    [InlineData(7)]
    public void Pod_Igmp_ShorterThanAMessageRefused(int bytes) =>
        Refused(PacketBuilder.Ip(Configs.Pod4, Group).HopLimit(1).Payload(2, new byte[bytes]), DropReason.IgmpTruncated);

    [Fact]
    public void Pod_Igmp_UnicastGroupRefused() => Refused(PacketBuilder.IgmpMessage(Configs.Pod4, 0x16, "10.1.1.1"), DropReason.IgmpNotAGroup);

    [Theory]
    [InlineData("224.0.0.1")]
    [InlineData("224.0.0.251")]
    public void Pod_Igmp_LinkLocalGroupNeverSubscribed(string group)
    {
        Hook.AddGroup(group);
        pod.FromPod(PacketBuilder.IgmpMessage(Configs.Pod4, 0x16, group)).Dropped(DropReason.IgmpLinkLocalGroup);
        Assert.False(Hook.IsMember(group));
    }

    [Fact]
    public void Pod_Igmp_UnconfiguredGroupRefusedAndListed()
    {
        pod.FromPod(PacketBuilder.IgmpMessage(Configs.Pod4, 0x16, "239.99.0.1")).Dropped(DropReason.MulticastUnconfigured);
        pod.FromPod(PacketBuilder.IgmpMessage(Configs.Pod4, 0x16, "239.99.0.1")).Dropped(DropReason.MulticastUnconfigured);
        var row = Hook.Unconfigured("239.99.0.1")!.Value;
        Assert.Equal((2ul, 0ul, 11u), (row.Reports, row.Packets, row.EndpointId));
    }

    [Theory]
    [InlineData(2)]
    [InlineData(1200)]
    public void Pod_Igmp3_FewerRecordsThanClaimedRefusedAsAWhole(int claimed) => Refused(
        PacketBuilder.Ip(Configs.Pod4, "224.0.0.22").HopLimit(1).IgmpBytes(PacketBuilder.Igmp3Bytes(claimed, new GroupRecord(ToExclude, Group))),
        DropReason.IgmpTruncated);

    [Fact]
    public void Pod_Igmp3_SourcesBeyondTheEndRefused()
    {
        var bytes = PacketBuilder.Igmp3Bytes(1, new GroupRecord(ToExclude, Group));
        bytes[11] = 200;
        Refused(PacketBuilder.Ip(Configs.Pod4, "224.0.0.22").HopLimit(1).IgmpBytes(bytes), DropReason.IgmpTruncated);
    }

    [Theory]
    [InlineData(10000, 1)]
    [InlineData(10000, 400)]
    [InlineData(1201, 400)]
    [InlineData(65535, 0)]
    public void Pod_Igmp3_TooManyRecordsRefused(int claimed, int present) => Refused(
        PacketBuilder.Ip(Configs.Pod4, "224.0.0.22").HopLimit(1)
            .IgmpBytes(PacketBuilder.Igmp3Bytes(claimed, [.. Enumerable.Repeat(new GroupRecord(ToExclude, Group), present)])),
        DropReason.IgmpTooManyRecords);

    [Fact]
    public void Pod_Igmp3_TooManySourcesRefused() => Refused(
        PacketBuilder.Igmp3Report(Configs.Pod4, new GroupRecord(IsInclude, Group, [.. Enumerable.Range(1, 65).Select(i => $"10.8.0.{i}")])),
        DropReason.IgmpTooManySources);

    [Fact]
    public void Pod_Igmp3_UnionBeyondTheLimitRefusedAndOldFilterKept()
    {
        using var hook = new PodHook(Configs.Tunnel with { McastMaxSources = 3 });
        hook.Hook.AddGroup(Group);
        hook.FromPod(PacketBuilder.Igmp3Report(Configs.Pod4, new GroupRecord(IsInclude, Group, "10.8.0.1", "10.8.0.2"))).Dropped(DropReason.IgmpSubscribed);
        hook.FromPod(PacketBuilder.Igmp3Report(Configs.Pod4, new GroupRecord(Allow, Group, "10.8.0.3", "10.8.0.4"))).Dropped(DropReason.IgmpTooManySources);
        Assert.Equal(["10.8.0.1", "10.8.0.2"], hook.Hook.Sources(Group)!);
    }

    [Fact]
    public void Pod_Igmp_MoreGroupsThanAllowedRefused()
    {
        using var hook = new PodHook(Configs.Tunnel with { McastMaxGroups = 2 });
        string[] groups = ["239.5.0.1", "239.5.0.2", "239.5.0.3"];
        Array.ForEach(groups, hook.Hook.AddGroup);
        hook.FromPod(PacketBuilder.IgmpMessage(Configs.Pod4, 0x16, groups[0])).Dropped(DropReason.IgmpSubscribed);
        hook.FromPod(PacketBuilder.IgmpMessage(Configs.Pod4, 0x16, groups[1])).Dropped(DropReason.IgmpSubscribed);
        hook.FromPod(PacketBuilder.IgmpMessage(Configs.Pod4, 0x16, groups[2])).Dropped(DropReason.IgmpTooManyGroups);
        hook.FromPod(PacketBuilder.IgmpMessage(Configs.Pod4, 0x17, groups[0])).Dropped(DropReason.IgmpHandled);
        hook.FromPod(PacketBuilder.IgmpMessage(Configs.Pod4, 0x16, groups[2])).Dropped(DropReason.IgmpSubscribed);
    }

    [Fact]
    public void Pod_Igmp_FloodIsRateLimited()
    {
        using var hook = new PodHook(Configs.Tunnel with { McastReportRate = 1, McastReportBurst = 5 });
        hook.Hook.AddGroup(Group);
        DropReason[] reasons = [.. Enumerable.Range(0, 50).SelectMany(_ => hook.FromPod(PacketBuilder.IgmpMessage(Configs.Pod4, 0x16, Group)).Reasons)];
        Assert.InRange(reasons.Count(r => r == DropReason.IgmpSubscribed), 5, 10);
        Assert.All(reasons[^10..], r => Assert.Equal(DropReason.IgmpRateLimited, r));
    }

    [Fact]
    public void Pod_Igmp_SwitchedOffIsIgnored()
    {
        using var hook = new PodHook(Configs.Tunnel with { MulticastEnabled = 0 });
        hook.Hook.AddGroup(Group);
        hook.FromPod(PacketBuilder.IgmpMessage(Configs.Pod4, 0x16, Group)).Dropped(DropReason.MulticastDisabled);
        hook.FromPod(PacketBuilder.Mld2Report(Configs.PodLink, new GroupRecord(ToExclude, "ff05::1"))).Dropped(DropReason.MulticastDisabled);
        hook.FromPod(PacketBuilder.Ip(Configs.Pod4, Group).UdpPorts(1, 2)).Dropped(DropReason.MulticastDisabled);
        Assert.False(hook.Hook.IsMember(Group));
    }

    [Fact]
    public void Pod_Igmp_ForbiddenEndpointRefused()
    {
        using var hook = new Hook("pod", Configs.Tunnel);
        hook.AddSender(Configs.Sender with { Flags = (uint)EndpointFlags.NoMulticast });
        hook.AddGroup(Group);
        hook.Run("from_pod", PacketBuilder.IgmpMessage(Configs.Pod4, 0x16, Group)).Dropped(DropReason.MulticastForbidden);
        hook.Run("from_pod", PacketBuilder.Ip(Configs.Pod4, Group).UdpPorts(1, 2)).Dropped(DropReason.MulticastForbidden);
    }

    private void Refused(PacketBuilder packet, DropReason reason)
    {
        var groups = Hook.JoinedGroups();
        pod.FromPod(packet).Dropped(reason);
        Assert.False(Hook.IsMember(Group));
        Assert.Equal(groups, Hook.JoinedGroups());
    }
}
