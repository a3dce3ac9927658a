using Waggle.Datapath.Abi;
using Waggle.Datapath.Tests.Delivery.Support;
using Waggle.Datapath.Tests.Packets.Support;

namespace Waggle.Datapath.Tests.Delivery;

/// <summary>Frames that test runs cannot show: shorter than a header, longer than a page.</summary>
public sealed class RawFrameTests : IDisposable
{
    private readonly TestCluster cluster = new(1);
    private readonly TestPod pod;
    private readonly PacketSocket socket;

    public RawFrameTests()
    {
        pod = cluster.Nodes[0].AddPod(mtu: 65535);
        socket = new PacketSocket(pod.Namespace, 2);
    }

    private TestNode Node => cluster.Nodes[0];

    [Theory]
    [InlineData(0x0800, 1)]
    [InlineData(0x0800, 19)]
    [InlineData(0x86dd, 1)]
    [InlineData(0x86dd, 39)]
    public void Pod_Malformed_TruncatedHeaderDropped(int etherType, int bytes)
    {
        var payload = new byte[bytes];
        payload[0] = etherType == 0x0800 ? (byte)0x45 : (byte)0x60;
        Counted(DropReason.InvalidPacket, PacketBuilder.Raw((ushort)etherType, payload).Build());
    }

    [Theory]
    [InlineData(3000, DropReason.IgmpTooManyRecords)]
    [InlineData(1200, DropReason.IgmpSubscribed)]
    [InlineData(2000, DropReason.IgmpTooManyRecords)]
    public void Pod_Igmp3_LongReport(int records, DropReason reason)
    {
        var group = System.Net.IPAddress.Parse("225.5.5.5");
        Node.AddGroup(group);
        var report = PacketBuilder.Igmp3Report(pod.IPv4.ToString(), [.. Enumerable.Repeat(new GroupRecord(GroupRecordType.IsExclude, "225.5.5.5"), records)]);
        Counted(records * 8 > 16384 ? DropReason.IgmpTruncated : reason, report.Macs(Mac.Pod, [1, 0, 0x5e, 0, 0, 22]).Build());
        Assert.Equal(reason == DropReason.IgmpSubscribed, Node.Join(group, pod.Number) is not null);
    }

    public void Dispose()
    {
        socket.Dispose();
        cluster.Dispose();
    }

    private void Counted(DropReason reason, byte[] frame)
    {
        cluster.Expect(reason);
        var before = Node.Count(reason);
        socket.Send(frame);
        Assert.True(SpinWait.SpinUntil(() => Node.Count(reason) > before, TimeSpan.FromSeconds(60)), $"not counted as {reason}");
    }
}
