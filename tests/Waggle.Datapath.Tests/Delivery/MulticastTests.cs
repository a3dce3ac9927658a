using System.Net;
using System.Net.Sockets;
using Waggle.Datapath.Abi;
using Waggle.Datapath.Tests.Delivery.Support;

namespace Waggle.Datapath.Tests.Delivery;

/// <summary>Groups between real sockets: the pods' kernels speak IGMPv3 and MLDv2 by themselves, and send with TTL 1 as most programs do.</summary>
public abstract class MulticastTests(MulticastCluster cluster)
{
    private TestPod[] Local => cluster.Local;

    private TestPod[] Remote => cluster.Remote;

    [Theory]
    [InlineData("225.0.0.11")]
    [InlineData("ff0e::225:11")]
    public void Delivery_Multicast_EveryMemberExactlyOnce(string text)
    {
        var group = cluster.Configure(text);
        var ipv6 = IsIPv6(group);
        using var first = Receiver.Joined(Local[1], group);
        using var second = Receiver.Joined(Local[2], group);
        using var far = Receiver.Joined(Remote[0], group);
        using var third = Receiver.Joined(cluster.Third, group);
        using var outsider = Receiver.Bound(Remote[1], ipv6);
        cluster.Publish(group);

        SendTo(group, Local[0], "one", "two");

        Assert.All([first, second, far, third], r => Assert.Equal(["one", "two"], r.UntilEnd()));
        Assert.Empty(outsider.UntilUnicastEnd(Local[0]));
        Assert.All([first, second, far, third], r => Assert.Equal((3ul, ipv6 ? 3 * 51ul : 3 * 31ul), Delivered(group, r.Pod)));
        Assert.True(cluster.Cluster.Nodes[0].Datapath.Maps.McastSenders.TryLookup(
            new McastSenderKey { Group = AbiAddress.From(group), Source = AbiAddress.From(Local[0].Address(ipv6)) }, out var sent));
        Assert.Equal((3ul, ipv6 ? 3 * 51ul : 3 * 31ul, 10u, Local[0].Identity), (sent.Packets, sent.Bytes, sent.EndpointId, sent.Identity));
    }

    [Theory]
    [InlineData("225.0.0.12")]
    [InlineData("ff0e::225:12")]
    public void Delivery_Multicast_SubscribedSenderHearsItselfOnce(string text)
    {
        var group = cluster.Configure(text);
        using var self = Receiver.Joined(Local[0], group);
        using var other = Receiver.Joined(Local[1], group);

        SendTo(group, Local[0], "echo");

        Assert.All([self, other], r => Assert.Equal(["echo"], r.UntilEnd()));
    }

    [Theory]
    [InlineData("225.0.0.13")]
    [InlineData("ff0e::225:13")]
    public void Delivery_Multicast_ArrivalsGoToLocalMembersOnly(string text)
    {
        var group = cluster.Configure(text);
        using var first = Receiver.Joined(Local[0], group);
        using var second = Receiver.Joined(Local[1], group);
        using var third = Receiver.Joined(cluster.Third, group);
        cluster.Publish(group);

        // All three nodes are remote members of each other: a node that sent arrivals on would make copies of copies.
        SendTo(group, Remote[0], "hello");

        Assert.All([first, second, third], r => Assert.Equal(["hello"], r.UntilEnd()));
        Assert.All([first, second, third], r => Assert.Equal(2ul, Delivered(group, r.Pod).Packets));
    }

    [Theory]
    [InlineData("225.0.0.14")]
    [InlineData("ff0e::225:14")]
    public void Delivery_Multicast_FragmentsFollow(string text)
    {
        var group = cluster.Configure(text);
        using var near = Receiver.Joined(Local[1], group);
        using var near2 = Receiver.Joined(Local[2], group);
        using var far = Receiver.Joined(Remote[0], group);
        cluster.Publish(group);
        var big = new string('y', 20000);

        SendTo(group, Local[0], big);

        Assert.All([near, near2, far], r => Assert.Equal([big], r.UntilEnd()));
    }

    [Theory]
    [InlineData("225.0.0.15")]
    [InlineData("ff0e::225:15")]
    public void Delivery_Multicast_LeaveStopsDelivery(string text)
    {
        var group = cluster.Configure(text);
        using var stays = Receiver.Joined(Local[1], group);
        using (Receiver.Joined(Local[2], group))
        {
        }

        cluster.Cluster.Nodes[0].WaitForMember(group, Local[2], member: false);
        using var left = Receiver.Bound(Local[2], IsIPv6(group));

        SendTo(group, Local[0], "bye");

        Assert.Equal(["bye"], stays.UntilEnd());
        Assert.Empty(left.UntilUnicastEnd(Local[0]));
    }

    [Fact]
    public void Delivery_Multicast_SourceFilterFollowed()
    {
        var group = cluster.Configure("232.1.1.1");
        using var receiver = Receiver.Bound(Local[2], ipv6: false);
        // IP_ADD_SOURCE_MEMBERSHIP with struct ip_mreq_source { group, interface, source }.
        receiver.Socket.SetRawSocketOption(0, 39, [.. group.GetAddressBytes(), .. Local[2].IPv4.GetAddressBytes(), .. Local[0].IPv4.GetAddressBytes()]);
        cluster.Cluster.Nodes[0].WaitForMember(group, Local[2]);
        Assert.Equal((byte)FilterMode.Include, cluster.Cluster.Nodes[0].Join(group, Local[2].Number)!.Value.FilterMode);

        SendTo(group, Local[1], "unwanted");
        SendTo(group, Local[0], "wanted");

        Assert.Equal(["wanted"], receiver.UntilEnd());
        // Two, message and mark: the other sender's were not filtered by the pod's kernel, they never came.
        Assert.Equal(2ul, Delivered(group, Local[2]).Packets);
    }

    [Theory]
    [InlineData("225.0.0.17")]
    [InlineData("ff0e::225:17")]
    public void Delivery_Multicast_HostSends(string text)
    {
        var group = cluster.Configure(text);
        var ipv6 = IsIPv6(group);
        var node = cluster.Cluster.Nodes[0];
        using var near = Receiver.Joined(Local[0], group);
        using var near2 = Receiver.Joined(Local[1], group);
        using var far = Receiver.Joined(Remote[0], group);
        cluster.Publish(group);
        Shell.Ip(node.Namespace, ipv6
            ? $"route add multicast {group}/128 dev cilium_host table local src {node.Router(true)}"
            : $"route add {group}/32 dev cilium_host src {node.Router(false)}");
        using var sender = Sockets.Create(node.Namespace, ipv6, SocketType.Dgram);

        Sockets.Send(sender, "host", group, Receiver.Port);
        Sockets.Send(sender, Receiver.End, group, Receiver.Port);

        Assert.All([near, near2, far], r => Assert.Equal(["host"], r.UntilEnd()));
    }

    [Fact]
    public void Delivery_Multicast_UnconfiguredGroupGoesNowhere()
    {
        var group = IPAddress.Parse("225.99.0.1");
        cluster.Cluster.Expect(DropReason.MulticastUnconfigured);
        using var receiver = Receiver.Bound(Local[1], ipv6: false);
        Sockets.Join(receiver.Socket, group);

        SendTo(group, Local[0], "void");

        Assert.Empty(receiver.UntilUnicastEnd(Local[0]));
        McastUnconfigured row = default;
        // The kernel sends its report when its timer says so.
        Assert.True(SpinWait.SpinUntil(
            () => cluster.Cluster.Nodes[0].Datapath.Maps.McastUnconfigured.TryLookup(new McastGroupKey { Group = AbiAddress.From(group) }, out row) && row.Reports > 0,
            TimeSpan.FromSeconds(60)));
        Assert.Equal((2ul, 32ul + 31ul), (row.Packets, row.Bytes));
    }

    internal static bool IsIPv6(IPAddress address) => address.AddressFamily == AddressFamily.InterNetworkV6;

    internal static void SendTo(IPAddress group, TestPod from, params string[] texts)
    {
        using var sender = from.Socket(IsIPv6(group));
        foreach (var text in texts.Append(Receiver.End))
        {
            Sockets.Send(sender, text, group, Receiver.Port);
        }
    }

    internal static (ulong Packets, ulong Bytes) Delivered(IPAddress group, TestPod pod)
    {
        var join = pod.Node.Join(group, pod.Number)!.Value;
        return (join.Packets, join.Bytes);
    }
}

public sealed class TunnelMulticastTests(TunnelMulticast cluster) : MulticastTests(cluster), IClassFixture<TunnelMulticast>;

public sealed class TunnelIPv6MulticastTests(TunnelMulticastIPv6 cluster) : MulticastTests(cluster), IClassFixture<TunnelMulticastIPv6>;

public sealed class NativeMulticastTests(NativeMulticast cluster) : MulticastTests(cluster), IClassFixture<NativeMulticast>;
