using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Waggle.Datapath.Abi;
using Waggle.Datapath.Tests.Packets.Support;

namespace Waggle.Datapath.Tests.Packets;

public sealed class MulticastControlTests : IDisposable
{
    private const string Group = "239.8.8.8";
    private readonly Hook hook = new("multicast_control", Configs.Tunnel);

    public MulticastControlTests() => hook.AddGroup(Group);

    [Theory]
    [InlineData(0)]
    [InlineData(63)]
    [InlineData(64)]
    [InlineData(4095)]
    [InlineData(16383)]
    public void Control_JoinAndLeave_AnySlot(uint slot)
    {
        Assert.Equal(McastControlResult.Done, Control(McastControlOp.Join, slot));
        Assert.True(hook.IsMember(Group, slot));
        Assert.Equal((byte)MembershipCompat.Static, hook.Join(Group, slot)!.Value.Compat);
        Assert.Equal(McastControlResult.Unchanged, Control(McastControlOp.Join, slot));
        Assert.Equal(1u, hook.JoinedGroups(slot));
        Assert.Equal(McastControlResult.Done, Control(McastControlOp.Leave, slot));
        Assert.False(hook.IsMember(Group, slot));
        Assert.Equal(McastControlResult.Unchanged, Control(McastControlOp.Leave, slot));
        Assert.Equal(0u, hook.JoinedGroups(slot));
    }

    [Theory]
    [InlineData(16384)]
    [InlineData(uint.MaxValue)]
    public void Control_SlotOutOfRange_Refused(uint slot) => Assert.Equal(McastControlResult.BadSlot, Control(McastControlOp.Join, slot));

    [Fact]
    public void Control_UnknownGroup_JoinRefusedLeaveCleansUp()
    {
        Assert.Equal(McastControlResult.NoGroup, Control(McastControlOp.Join, 3, "239.8.8.9"));
        Assert.Equal(McastControlResult.Done, Control(McastControlOp.Join, 3));
        hook.Map<McastGroupKey, McastGroup>("mcast_groups").Delete(new McastGroupKey { Group = Hook.Addr(Group) });
        Assert.Equal(McastControlResult.Done, Control(McastControlOp.Leave, 3));
        Assert.Null(hook.Join(Group, 3));
    }

    [Fact]
    public void Control_Expire_OnlyWhatIsOldAndLearnt()
    {
        var joins = hook.Map<McastJoinKey, McastJoin>("mcast_joins");
        Control(McastControlOp.Join, 4);
        Assert.Equal(McastControlResult.Fresh, Control(McastControlOp.Expire, 4, notAfter: ulong.MaxValue));
        var learnt = hook.Join(Group, 4)!.Value with { Compat = (byte)MembershipCompat.Igmp3, LastReport = 1000 };
        joins.Update(Hook.JoinKey(Group, 4), learnt);
        Assert.Equal(McastControlResult.Fresh, Control(McastControlOp.Expire, 4, notAfter: 999));
        Assert.True(hook.IsMember(Group, 4));
        Assert.Equal(McastControlResult.Done, Control(McastControlOp.Expire, 4, notAfter: 1000));
        Assert.False(hook.IsMember(Group, 4));
        Assert.Equal(McastControlResult.Unchanged, Control(McastControlOp.Expire, 4, notAfter: 1000));
    }

    [Fact]
    public void Control_JoinSources_FiltersAndJoinTakesTheFilterAway()
    {
        Assert.Equal(McastControlResult.Done, Control(McastControlOp.JoinSources, 5, sources: ["10.0.1.5", "10.0.1.6"]));
        Assert.True(hook.IsMember(Group, 5));
        var join = hook.Join(Group, 5)!.Value;
        Assert.Equal(((byte)FilterMode.Include, 2u, (byte)MembershipCompat.Static), (join.FilterMode, join.Sources, join.Compat));
        var lists = hook.Map<McastJoinKey, McastSourceList>("mcast_sources");
        Assert.True(lists.TryLookup(Hook.JoinKey(Group, 5), out var list));
        Assert.Equal(["10.0.1.5", "10.0.1.6"], Enumerable.Range(0, (int)list.Count).Select(i => list.Sources[i].ToString()));
        Assert.Equal(McastControlResult.Done, Control(McastControlOp.JoinSources, 5, sources: ["10.0.1.7"]));
        Assert.Equal(1u, hook.JoinedGroups(5));

        Assert.Equal(McastControlResult.Done, Control(McastControlOp.Join, 5));
        join = hook.Join(Group, 5)!.Value;
        Assert.Equal(((byte)FilterMode.Exclude, 0u), (join.FilterMode, join.Sources));
        Assert.False(lists.TryLookup(Hook.JoinKey(Group, 5), out _));
        Assert.Equal(McastControlResult.Unchanged, Control(McastControlOp.Join, 5));
    }

    [Theory]
    [InlineData(0u)]
    [InlineData(65u)]
    [InlineData(uint.MaxValue)]
    public void Control_JoinSourcesWithABadCount_IsRefused(uint count)
    {
        Assert.Equal(McastControlResult.None, Control(McastControlOp.JoinSources, 6, sources: ["10.0.1.5"], count: count));
        Assert.False(hook.IsMember(Group, 6));
    }

    [Fact]
    public void Control_ShortOrUnknownRequest_NoResult()
    {
        Assert.Equal(McastControlResult.None, Control((McastControlOp)99, 1));
        Assert.Equal(McastControlResult.None, Control(McastControlOp.JoinSources, 1)); // no list behind it
        Assert.Equal(TcAction.Shot, hook.Run("mcast_control", new byte[80]).Action);
    }

    public void Dispose() => hook.Dispose();

    private McastControlResult Control(McastControlOp op, uint slot, string group = Group, ulong notAfter = 0, string[]? sources = null, uint? count = null)
    {
        var end = AbiConstants.McastControlOffset + Unsafe.SizeOf<McastControlArgs>();
        var packet = new byte[end + (sources is null ? 0 : Unsafe.SizeOf<McastSourceList>())];
        if (sources is not null)
        {
            var list = new McastSourceList { Count = count ?? (uint)sources.Length };
            for (var i = 0; i < sources.Length; i++)
            {
                list.Sources[i] = Hook.Addr(sources[i]);
            }

            MemoryMarshal.Write(packet.AsSpan(end), list);
        }

        MemoryMarshal.Write(packet.AsSpan(AbiConstants.McastControlOffset), new McastControlArgs { Op = (uint)op, Group = Hook.Addr(group), Slot = slot, NotAfter = notAfter });
        var answer = hook.Run("mcast_control", packet).Packet.Frame;
        return (McastControlResult)MemoryMarshal.Read<McastControlArgs>(answer.AsSpan(AbiConstants.McastControlOffset)).Result;
    }
}
