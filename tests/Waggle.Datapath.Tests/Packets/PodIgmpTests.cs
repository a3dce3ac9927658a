using Waggle.Datapath.Abi;
using Waggle.Datapath.Tests.Packets.Support;
using static Waggle.Datapath.Tests.Packets.Support.GroupRecordType;

namespace Waggle.Datapath.Tests.Packets;

public sealed class PodIgmpTests(PodHook pod) : IClassFixture<PodHook>
{
    private static int nextGroup;

    private Hook Hook => pod.Hook;

    [Theory]
    [InlineData(0x12, MembershipCompat.Igmp1)]
    [InlineData(0x16, MembershipCompat.Igmp2)]
    public void Pod_Igmp_OldReportJoins(byte type, MembershipCompat compat)
    {
        var group = NewGroup();
        pod.FromPod(PacketBuilder.IgmpMessage(Configs.Pod4, type, group)).Dropped(DropReason.IgmpSubscribed);
        Assert.True(Hook.IsMember(group));
        var join = Hook.Join(group)!.Value;
        Assert.Equal(((byte)compat, (byte)FilterMode.Exclude, 0u), (join.Compat, join.FilterMode, join.Sources));
        Assert.InRange(join.LastReport, 1ul, ulong.MaxValue);
    }

    [Fact]
    public void Pod_Igmp_LeaveTakesEffectAtOnce()
    {
        var group = Joined();
        pod.FromPod(PacketBuilder.IgmpMessage(Configs.Pod4, 0x17, group)).Dropped(DropReason.IgmpHandled);
        Assert.False(Hook.IsMember(group));
    }

    [Fact]
    public void Pod_Igmp_RepeatedReportRefreshes()
    {
        var (group, joins) = (Joined(), Hook.JoinedGroups());
        var first = Hook.Join(group)!.Value;
        pod.FromPod(PacketBuilder.IgmpMessage(Configs.Pod4, 0x16, group)).Dropped(DropReason.IgmpSubscribed);
        var second = Hook.Join(group)!.Value;
        Assert.True(second.LastReport > first.LastReport);
        Assert.Equal((first.Joined, joins), (second.Joined, Hook.JoinedGroups()));
    }

    [Fact]
    public void Pod_Igmp_ReportBeforeAddressIsKnownJoins()
    {
        var group = NewGroup();
        pod.FromPod(PacketBuilder.Igmp3Report("0.0.0.0", new GroupRecord(ToExclude, group))).Dropped(DropReason.IgmpSubscribed);
        Assert.True(Hook.IsMember(group));
    }

    [Theory]
    [InlineData((int)IsExclude, new string[0], true, FilterMode.Exclude)]
    [InlineData((int)ToExclude, new string[0], true, FilterMode.Exclude)]
    [InlineData((int)IsExclude, new[] { "10.9.9.9" }, true, FilterMode.Exclude)]
    [InlineData((int)IsInclude, new[] { "10.9.9.9", "10.9.9.8" }, true, FilterMode.Include)]
    [InlineData((int)ToInclude, new[] { "10.9.9.9" }, true, FilterMode.Include)]
    [InlineData((int)Allow, new[] { "10.9.9.9" }, true, FilterMode.Include)]
    [InlineData((int)IsInclude, new string[0], false, FilterMode.Include)]
    [InlineData((int)ToInclude, new string[0], false, FilterMode.Include)]
    [InlineData((int)Allow, new string[0], false, FilterMode.Include)]
    [InlineData((int)Block, new[] { "10.9.9.9" }, false, FilterMode.Include)]
    [InlineData(77, new string[0], false, FilterMode.Include)]
    public void Pod_Igmp3_RecordOfNonMember(int type, string[] sources, bool member, FilterMode mode)
    {
        var group = NewGroup();
        pod.FromPod(Report(new GroupRecord((GroupRecordType)type, group, sources))).Dropped(member ? DropReason.IgmpSubscribed : DropReason.IgmpHandled);
        Assert.Equal(member, Hook.IsMember(group));
        Assert.Equal(member && sources.Length > 0 ? sources : null, Hook.Sources(group));
        if (member)
        {
            Assert.Equal(((byte)mode, (uint)sources.Length), (Hook.Join(group)!.Value.FilterMode, Hook.Join(group)!.Value.Sources));
        }
    }

    /// <summary>RFC 9776 6.4 for one host: old state, record, new state ("-": no member; mode, then sources).</summary>
    [Theory]
    [InlineData("I a b", (int)Allow, "c", "I a b c")]
    [InlineData("I a b", (int)Allow, "b", "I a b")]
    [InlineData("I a b", (int)Block, "a", "I b")]
    [InlineData("I a b", (int)Block, "a b", "-")]
    [InlineData("I a", (int)Block, "c", "I a")]
    [InlineData("I a", (int)ToExclude, "", "E")]
    [InlineData("I a", (int)ToExclude, "b", "E b")]
    [InlineData("I a", (int)ToInclude, "b c", "I b c")]
    [InlineData("I a", (int)IsInclude, "", "-")]
    [InlineData("E", (int)Block, "a", "E a")]
    [InlineData("E a", (int)Block, "b", "E a b")]
    [InlineData("E a b", (int)Allow, "a", "E b")]
    [InlineData("E a", (int)Allow, "a", "E")]
    [InlineData("E a", (int)IsExclude, "", "E")]
    [InlineData("E a", (int)ToInclude, "a", "I a")]
    [InlineData("E", (int)ToInclude, "", "-")]
    [InlineData("E", (int)Allow, "a", "E")]
    public void Pod_Igmp3_RecordChangesFilter(string before, int type, string sources, string after)
    {
        var group = NewGroup();
        pod.FromPod(Report(new GroupRecord(before[0] == 'I' ? IsInclude : IsExclude, group, Names(before[1..]))));
        Assert.Equal(before, State(group));
        pod.FromPod(Report(new GroupRecord((GroupRecordType)type, group, Names(sources))));
        Assert.Equal(after, State(group));
    }

    [Fact]
    public void Pod_Igmp3_OldReportMakesItAnySource()
    {
        var group = NewGroup();
        pod.FromPod(Report(new GroupRecord(IsInclude, group, "10.9.9.9")));
        pod.FromPod(PacketBuilder.IgmpMessage(Configs.Pod4, 0x16, group));
        Assert.Equal("E", State(group));
    }

    [Fact]
    public void Pod_Igmp3_ManyRecordsInOneReport()
    {
        using var hook = new PodHook(Configs.Tunnel with { McastMaxGroups = 200 });
        string[] groups = [.. Enumerable.Range(1, 177).Select(i => $"239.7.7.{i}")];
        Array.ForEach(groups, hook.Hook.AddGroup);
        hook.FromPod(Report([.. groups.Select(g => new GroupRecord(ToExclude, g))])).Dropped(DropReason.IgmpSubscribed);
        Assert.All(groups, g => Assert.True(hook.Hook.IsMember(g)));
        Assert.Equal(177u, hook.Hook.JoinedGroups());
        hook.FromPod(Report([.. groups.Select(g => new GroupRecord(ToInclude, g))])).Dropped(DropReason.IgmpHandled);
        Assert.All(groups, g => Assert.False(hook.Hook.IsMember(g)));
        Assert.Equal(0u, hook.Hook.JoinedGroups());
    }

    [Fact]
    public void Pod_Igmp3_MixedRecordsCountEachRefusalOnce()
    {
        var group = NewGroup();
        var outcome = pod.FromPod(Report(
            new GroupRecord(ToExclude, "239.250.0.1"),
            new GroupRecord(ToExclude, group),
            new GroupRecord(ToExclude, "10.1.1.1"),
            new GroupRecord(ToExclude, "224.0.0.251")));
        Assert.Equal(
            [DropReason.IgmpSubscribed, DropReason.MulticastUnconfigured, DropReason.IgmpNotAGroup, DropReason.IgmpLinkLocalGroup],
            outcome.Reasons.Order().ToArray());
        Assert.True(Hook.IsMember(group));
    }

    [Fact]
    public void Pod_Igmp3_AuxiliaryDataSkipped()
    {
        var (first, second) = (NewGroup(), NewGroup());
        pod.FromPod(Report(new GroupRecord(ToExclude, first, "10.9.9.9") { Auxiliary = new byte[12] }, new GroupRecord(ToExclude, second)));
        Assert.Equal(("E a", "E"), (State(first), State(second)));
    }

    [Fact]
    public void Pod_Igmp_LeaveMarksOnlyWhereTheAgentQueries()
    {
        using var hook = new PodHook(Configs.Tunnel with { McastFastLeave = 0 });
        hook.Hook.AddGroup("239.1.1.1");
        hook.FromPod(PacketBuilder.IgmpMessage(Configs.Pod4, 0x16, "239.1.1.1"));
        hook.FromPod(PacketBuilder.IgmpMessage(Configs.Pod4, 0x17, "239.1.1.1")).Dropped(DropReason.IgmpHandled);
        Assert.True(hook.Hook.IsMember("239.1.1.1"));
        Assert.Equal((byte)JoinFlags.Leaving, hook.Hook.Join("239.1.1.1")!.Value.Flags);
        hook.FromPod(PacketBuilder.IgmpMessage(Configs.Pod4, 0x16, "239.1.1.1"));
        Assert.Equal(0, hook.Hook.Join("239.1.1.1")!.Value.Flags);
    }

    private static string[] Names(string letters) =>
        [.. letters.Split(' ', StringSplitOptions.RemoveEmptyEntries).Select(l => $"10.9.9.{9 - (l[0] - 'a')}")];

    private static PacketBuilder Report(params GroupRecord[] records) => PacketBuilder.Igmp3Report(Configs.Pod4, records);

    private string State(string group)
    {
        if (!Hook.IsMember(group))
        {
            Assert.Null(Hook.Sources(group));
            return "-";
        }

        var join = Hook.Join(group)!.Value;
        var sources = Hook.Sources(group) ?? [];
        Assert.Equal((uint)sources.Length, join.Sources);
        var letters = sources.Select(s => ((char)('a' + 9 - int.Parse(s.Split('.')[3], System.Globalization.CultureInfo.InvariantCulture))).ToString());
        return string.Join(' ', [join.FilterMode == (byte)FilterMode.Include ? "I" : "E", .. letters]);
    }

    private string NewGroup()
    {
        // The endpoint's group limit is not what these tests are about.
        Hook.Map<uint, McastLimit>("mcast_limits").Update(1, default);
        var group = $"239.3.{Interlocked.Increment(ref nextGroup)}.1";
        Hook.AddGroup(group);
        return group;
    }

    private string Joined()
    {
        var group = NewGroup();
        pod.FromPod(PacketBuilder.IgmpMessage(Configs.Pod4, 0x16, group));
        return group;
    }
}
