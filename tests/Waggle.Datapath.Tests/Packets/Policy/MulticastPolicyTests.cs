using Waggle.Datapath.Abi;
using Waggle.Datapath.Tests.Packets.Support;

namespace Waggle.Datapath.Tests.Packets.Policy;

/// <summary>Multicast under policy: the sender's egress on the group's identity, each member's ingress on the sender's.</summary>
public sealed class MulticastPolicyTests
{
    private const uint GroupIdentity = 16777300;

    public static TheoryData<bool> Families => [false, true];

    [Theory]
    [MemberData(nameof(Families))]
    public void Egress_AsksAboutTheGroupsIdentity(bool ipv6)
    {
        using var pair = WithMembers(ipv6, out var group);
        pair.Hook.SetSubject(1, egress: pair.Hook.Side(1));
        pair.FromA(To(pair, group, 5000)).Dropped(DropReason.PolicyDenied);
        pair.Hook.SetSubject(1, egress: pair.Hook.Side(2, peers: (GroupIdentity, Hook.Peer(Hook.AllowAll, 3))));
        pair.Hook.SetRevision(2);
        pair.FromA(To(pair, group, 5000)).Redirected();
        Assert.Equal(1ul, pair.Hook.RuleCount(3).Packets);
    }

    [Theory]
    [MemberData(nameof(Families))]
    public void Ingress_IsAskedForEachMember(bool ipv6)
    {
        using var pair = WithMembers(ipv6, out var group);
        pair.Hook.SetSubject(31, ingress: pair.Hook.Side(1));
        pair.Hook.SetSubject(32, ingress: pair.Hook.Side(2, peers: (1001, Hook.Peer(Hook.Deny, 0, 1, Hook.ExactPorts))));
        pair.Hook.AddRule(2, 1, PacketBuilder.Udp, 5000, Hook.AllowPort, 4);
        var outcome = pair.FromA(To(pair, group, 5000));
        outcome.Redirected();
        Assert.Equal([0ul, 1ul, 1ul], new[] { 31u, 32u, 33u }.Select(slot => pair.Hook.Join(group, slot)!.Value.Packets));
        Assert.Contains(DropReason.PolicyDenied, outcome.Reasons);
        Assert.Equal(1ul, pair.Hook.RuleCount(4).Packets);
        pair.FromA(To(pair, group, 5001));
        Assert.Equal([0ul, 1ul, 2ul], new[] { 31u, 32u, 33u }.Select(slot => pair.Hook.Join(group, slot)!.Value.Packets));
    }

    private static PacketBuilder To(PairHook pair, string group, ushort port) => PacketBuilder.Ip(pair.AddressA, group).HopLimit(1).UdpPorts(1000, port);

    /// <summary>Three members: endpoints 31 and 32 with the subjects of those numbers, 33 without.</summary>
    private static PairHook WithMembers(bool ipv6, out string group)
    {
        var pair = new PairHook(ipv6);
        group = ipv6 ? "ff05::77:1" : "239.77.0.1";
        var prefix = new IpcachePrefixKey { PrefixLength = 160, Address = Hook.Addr(group) };
        pair.Hook.Prefixes.Update(prefix, new IpcacheEntry { Identity = GroupIdentity });
        var row = new McastGroup { Members = 3 };
        foreach (var number in new[] { 31u, 32u, 33u })
        {
            row.Words[0] |= 1ul << (int)number;
            row.Summary[0] |= 1;
            pair.Hook.Map<McastJoinKey, McastJoin>("mcast_joins").Update(Hook.JoinKey(group, number), default);
            var member = Configs.Other with { Ifindex = number, EndpointId = number, Slot = number, PolicySubject = number == 33 ? 0 : number };
            pair.Hook.ByIfindex.Update(number, member);
            pair.Hook.SetSubject(number);
            pair.Hook.AddLocalSlot(member);
        }

        pair.Hook.Map<McastGroupKey, McastGroup>("mcast_groups").Update(new McastGroupKey { Group = Hook.Addr(group) }, row);
        return pair;
    }
}
