using System.Runtime.InteropServices;
using Waggle.Datapath.Abi;

namespace Waggle.Datapath.Tests.Packets.Support;

internal sealed partial class Hook
{
    public void AddGroup(string group) => Map<McastGroupKey, McastGroup>("mcast_groups").Update(new McastGroupKey { Group = Addr(group) }, default);

    public void AddSlot(uint slot, McastSlot value) => Map<uint, McastSlot>("mcast_slots").Update(slot, value);

    public void AddLocalSlot(EndpointInfo endpoint) => AddSlot(endpoint.Slot, new McastSlot
    {
        Kind = (uint)SlotKind.Local,
        Ifindex = endpoint.Ifindex,
        EndpointId = endpoint.EndpointId,
        Identity = endpoint.Identity,
        Ipv4 = endpoint.Ipv4,
        Ipv6 = endpoint.Ipv6,
    });

    public void AddRemoteSlot(uint slot, string tunnel) =>
        AddSlot(slot, new McastSlot { Kind = (uint)SlotKind.Remote, EndpointId = slot, Tunnel = Addr(tunnel) });

    public McastJoin? Join(string group, uint slot = 1) =>
        Map<McastJoinKey, McastJoin>("mcast_joins").TryLookup(JoinKey(group, slot), out var join) ? join : null;

    /// <summary>Whether bitmap, summary, count and row agree that the slot is a member; fails when they disagree.</summary>
    public bool IsMember(string group, uint slot = 1)
    {
        if (!Map<McastGroupKey, McastGroup>("mcast_groups").TryLookup(new McastGroupKey { Group = Addr(group) }, out var row))
        {
            return false;
        }

        var word = (int)slot / 64;
        var bit = (row.Words[word] >> ((int)slot % 64) & 1) != 0;
        Assert.Equal(row.Words[word] != 0, (row.Summary[word / 64] >> (word % 64) & 1) != 0);
        Assert.Equal(bit, Join(group, slot) is not null);
        uint bits = 0;
        foreach (var value in row.Words)
        {
            bits += (uint)System.Numerics.BitOperations.PopCount(value);
        }

        Assert.Equal(bits, row.Members);
        return bit;
    }

    /// <summary>The member's source list; null when it has none.</summary>
    public string[]? Sources(string group, uint slot = 1)
    {
        if (!Map<McastJoinKey, McastSourceList>("mcast_sources").TryLookup(JoinKey(group, slot), out var list))
        {
            return null;
        }

        var sources = MemoryMarshal.CreateReadOnlySpan(ref MemoryMarshal.GetReference<Address>(list.Sources), (int)list.Count);
        return [.. sources.ToArray().Select(a => a.ToString())];
    }

    public uint JoinedGroups(uint slot = 1) => Map<uint, McastLimit>("mcast_limits").TryLookup(slot, out var limit) ? limit.Groups : 0;

    public McastUnconfigured? Unconfigured(string group) =>
        Map<McastGroupKey, McastUnconfigured>("mcast_unconfigured").TryLookup(new McastGroupKey { Group = Addr(group) }, out var row) ? row : null;

    public McastSender? SentBy(string group, string source) =>
        Map<McastSenderKey, McastSender>("mcast_senders").TryLookup(new McastSenderKey { Group = Addr(group), Source = Addr(source) }, out var row) ? row : null;

    public static McastJoinKey JoinKey(string group, uint slot) => new() { Group = Addr(group), Slot = slot };
}
