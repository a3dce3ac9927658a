using Waggle.Datapath.Abi;
using Waggle.Datapath.Tests.Packets.Support;

namespace Waggle.Datapath.Tests.Packets;

/// <summary>Thousands of damaged messages with right checksums: whatever they say, they touch the sender's own membership only.</summary>
public sealed class PodFuzzTests(PodHook pod) : IClassFixture<PodHook>
{
    private const int Rounds = 3000;

    [Theory]
    [InlineData(false, 1)]
    [InlineData(true, 2)]
    public void Pod_Report_DamagedInAnyWayStaysTheSendersOwn(bool ipv6, int seed)
    {
        var random = new Random(seed);
        string[] groups = [.. Enumerable.Range(1, 8).Select(i => ipv6 ? $"ff05::77:{i}" : $"239.77.0.{i}")];
        Array.ForEach(groups, pod.Hook.AddGroup);
        using var program = pod.Hook.Program("from_pod");
        pod.Hook.Inside.Run(() =>
        {
            for (var i = 0; i < Rounds; i++)
            {
                var result = program.TestRun(Damaged(ipv6, groups, random));
                Assert.True(result.ReturnValue is 0 or 2 or 7);
            }
        });

        var joins = pod.Hook.Map<McastJoinKey, McastJoin>("mcast_joins").Entries().ToList();
        Assert.All(joins, j => Assert.Equal(1u, j.Key.Slot));
        Assert.All(groups, g => pod.Hook.IsMember(g));
        Assert.All(joins, j => Assert.InRange(j.Value.Sources, 0u, 64u));
        Assert.InRange(pod.Hook.JoinedGroups(), 0u, 16u);
    }

    private static byte[] Damaged(bool ipv6, string[] groups, Random random)
    {
        GroupRecord[] records = [.. Enumerable.Range(0, random.Next(1, 6)).Select(_ => new GroupRecord(
            (GroupRecordType)random.Next(0, 8),
            groups[random.Next(groups.Length)],
            [.. Enumerable.Range(0, random.Next(0, 5)).Select(_ => ipv6 ? $"fd00::{random.Next(1, 40):x}" : $"10.0.0.{random.Next(1, 40)}")]))];
        var bytes = ipv6 ? PacketBuilder.Mld2Bytes(records.Length, records) : PacketBuilder.Igmp3Bytes(records.Length, records);
        for (var n = random.Next(0, 4); n > 0; n--)
        {
            bytes[random.Next(bytes.Length)] = (byte)random.Next(256);
        }

        if (random.Next(4) == 0)
        {
            bytes = bytes[..random.Next(8, bytes.Length)];
        }

        var packet = ipv6
            ? PacketBuilder.Ip(Configs.PodLink, "ff02::16").HopLimit(1).RouterAlert().IcmpMessage(bytes)
            : PacketBuilder.Ip(Configs.Pod4, "224.0.0.22").HopLimit(1).RouterAlert().IgmpBytes(bytes);
        return packet.Build();
    }
}
