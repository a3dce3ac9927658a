using System.Runtime.InteropServices;
using Waggle.Datapath.Abi;
using Waggle.Datapath.Tests.Packets.Support;

namespace Waggle.Datapath.Tests.Packets;

/// <summary>Which members get a copy. The copies go to the loopback device of the test's namespace; their counters tell.</summary>
public sealed class PodMulticastTests(PodHook pod) : IClassFixture<PodHook>
{
    private static int nextGroup;

    private Hook Hook => pod.Hook;

    [Theory]
    [InlineData("224.0.0.251")]
    [InlineData("224.0.0.5")]
    [InlineData("ff02::fb")]
    [InlineData("ff01::1")]
    public void Pod_Multicast_LinkLocalNeverForwarded(string group)
    {
        Hook.AddGroup(group);
        pod.FromPod(Datagram(group)).Dropped(DropReason.MulticastLinkLocal);
    }

    [Theory]
    [InlineData("239.200.0.1")]
    [InlineData("ff05::200:1")]
    public void Pod_Multicast_UnconfiguredGroupCounted(string group)
    {
        pod.FromPod(Datagram(group)).Dropped(DropReason.MulticastUnconfigured);
        pod.FromPod(Datagram(group)).Dropped(DropReason.MulticastUnconfigured);
        var row = Hook.Unconfigured(group)!.Value;
        Assert.Equal((2ul, group.Contains(':', StringComparison.Ordinal) ? 112ul : 72ul, 0ul), (row.Packets, row.Bytes, row.Reports));
    }

    [Fact]
    public void Pod_Multicast_SourceUnspecifiedRefused()
    {
        var group = NewGroup();
        pod.FromPod(PacketBuilder.Ip("0.0.0.0", group).UdpPorts(68, 67)).Dropped(DropReason.MulticastBadSource);
    }

    [Fact]
    public void Pod_Multicast_NobodyJoined() => pod.FromPod(Datagram(NewGroup())).Dropped(DropReason.MulticastNoMembers);

    [Fact]
    public void Pod_Multicast_SenderIsNotSentItsOwn()
    {
        var group = NewGroup(1);
        pod.FromPod(Datagram(group)).Dropped(DropReason.MulticastNoMembers);
        Assert.Equal(0ul, Copies(group, 1));
        Assert.Equal(1ul, Hook.SentBy(group, Configs.Pod4)!.Value.Packets);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(255)]
    public void Pod_Multicast_TtlAndTheRestUntouched(byte ttl)
    {
        var group = NewGroup(100);
        var packet = Datagram(group).HopLimit(ttl).Macs(Mac.Pod, [1, 0, 0x5e, .. System.Net.IPAddress.Parse(group).GetAddressBytes()[1..]]).Build();
        var outcome = pod.FromPod(packet);
        Assert.Equal([DropReason.MulticastHandled], outcome.Reasons);
        Assert.Equal(packet, outcome.Redirected().Frame);
    }

    [Theory]
    [InlineData(0, true)]
    [InlineData(100, true)]
    [InlineData(200, false)]
    public void Pod_Multicast_EveryFragmentFollows(int offset, bool more)
    {
        var group = NewGroup(100, 101);
        pod.FromPod(PacketBuilder.Ip(Configs.Pod4, group).Fragment(offset, more).Payload(17, new byte[64])).Redirected();
        Assert.Equal((1ul, 1ul), (Copies(group, 100), Copies(group, 101)));
    }

    [Fact]
    public void Pod_Multicast_FreeSlotSkipped()
    {
        var group = NewGroup(102);
        Hook.AddSlot(102, default);
        pod.FromPod(Datagram(group)).Dropped(DropReason.MulticastNoMembers);
    }

    [Fact]
    public void Pod_Multicast_CopyThatCannotBeSentIsCounted()
    {
        var group = NewGroup(103, 104);
        Hook.AddSlot(103, new McastSlot { Kind = (uint)SlotKind.Local, Ifindex = 9999 });
        var outcome = pod.FromPod(Datagram(group));
        Assert.Equal([DropReason.MulticastHandled, DropReason.CopyFailed], outcome.Reasons.Order().ToArray());
        Assert.Equal(1ul, Copies(group, 104));
    }

    [Theory]
    [InlineData(FilterMode.Include, "10.0.1.5", true)]
    [InlineData(FilterMode.Include, "10.0.1.9", false)]
    [InlineData(FilterMode.Exclude, "10.0.1.5", false)]
    [InlineData(FilterMode.Exclude, "10.0.1.9", true)]
    public void Pod_Multicast_SourceFilterDecides(FilterMode mode, string listed, bool copied)
    {
        var group = NewGroup(105);
        // The source in question stands last in a full list.
        SetSources(group, 105, mode, [.. Enumerable.Range(1, 63).Select(i => $"10.7.0.{i}"), listed]);
        pod.FromPod(Datagram(group));
        Assert.Equal(copied ? 1ul : 0ul, Copies(group, 105));
    }

    [Fact]
    public void Pod_Multicast_EachOf16384SlotsOnce()
    {
        var group = NewGroup([.. Enumerable.Range(2, 16382).Select(i => (uint)i)]);
        pod.FromPod(Datagram(group)).Redirected();
        pod.FromPod(Datagram(group)).Redirected();
        var rows = Hook.Map<McastJoinKey, McastJoin>("mcast_joins").Entries().Where(e => e.Key.Group == Hook.Addr(group)).ToList();
        Assert.Equal(16382, rows.Count);
        Assert.All(rows, r => Assert.Equal((2ul, 72ul), (r.Value.Packets, r.Value.Bytes)));
    }

    private static PacketBuilder Datagram(string group) =>
        PacketBuilder.Ip(group.Contains(':', StringComparison.Ordinal) ? Configs.Pod6 : Configs.Pod4, group).HopLimit(1).UdpPorts(1000, 2000);

    private ulong Copies(string group, uint slot) => Hook.Join(group, slot)!.Value.Packets;

    private void SetSources(string group, uint slot, FilterMode mode, string[] sources)
    {
        var key = Hook.JoinKey(group, slot);
        var list = new McastSourceList { Count = (uint)sources.Length };
        var span = MemoryMarshal.CreateSpan(ref MemoryMarshal.GetReference<AbiAddress>(list.Sources), sources.Length);
        for (var i = 0; i < sources.Length; i++)
        {
            span[i] = Hook.Addr(sources[i]);
        }

        Hook.Map<McastJoinKey, McastSourceList>("mcast_sources").Update(key, list);
        Hook.Map<McastJoinKey, McastJoin>("mcast_joins").Update(key, new McastJoin { FilterMode = (byte)mode, Sources = (uint)sources.Length });
    }

    /// <summary>A configured group with members whose copies go to the loopback device.</summary>
    private string NewGroup(params uint[] slots)
    {
        var number = Interlocked.Increment(ref nextGroup);
        var group = $"239.20.{number}.1";
        var row = new McastGroup { Members = (uint)slots.Length };
        var (joins, rows) = (Hook.Map<McastJoinKey, McastJoin>("mcast_joins"), Hook.Map<uint, McastSlot>("mcast_slots"));
        foreach (var slot in slots)
        {
            row.Words[(int)slot / 64] |= 1ul << ((int)slot % 64);
            row.Summary[(int)slot / 4096] |= 1ul << ((int)slot / 64 % 64);
            joins.Update(Hook.JoinKey(group, slot), default);
            rows.Update(slot, new McastSlot { Kind = (uint)SlotKind.Local, Ifindex = 1 });
        }

        Hook.Map<McastGroupKey, McastGroup>("mcast_groups").Update(new McastGroupKey { Group = Hook.Addr(group) }, row);
        return group;
    }
}
