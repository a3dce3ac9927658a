using System.Net;
using System.Net.Sockets;
using Waggle.Datapath.Abi;
using Waggle.Datapath.Tests.Delivery.Support;
using static Waggle.Datapath.Tests.Delivery.MulticastTests;

namespace Waggle.Datapath.Tests.Delivery;

/// <summary>Groups with a device list: whatever the list says, every member gets every datagram once and nobody else any.</summary>
public abstract class FanOutTests : IDisposable
{
    private readonly MulticastCluster _cluster;
    private readonly NodeFanOut _lists;

    private protected FanOutTests(MulticastCluster cluster)
    {
        _cluster = cluster;
        _lists = new NodeFanOut(cluster.Cluster.Nodes[0]);
    }

    private TestPod[] Local => _cluster.Local;

    private TestPod[] Remote => _cluster.Remote;

    public void Dispose()
    {
        _lists.Dispose();
        Shell.Ip(_cluster.Cluster.Nodes[0].Namespace, $"link del {Multicast.FanOut.Device}");
        GC.SuppressFinalize(this);
    }

    [Theory]
    [InlineData("225.0.1.1")]
    [InlineData("ff0e::226:1")]
    public void Delivery_FanOut_EveryMemberExactlyOnce(string text)
    {
        var group = _cluster.Configure(text);
        using var first = Receiver.Joined(Local[1], group);
        using var second = Receiver.Joined(Local[2], group);
        using var far = Receiver.Joined(Remote[0], group);
        using var third = Receiver.Joined(_cluster.Third, group);
        _cluster.Publish(group);
        _lists.Set(group, Local[1], Local[2]);

        SendTo(group, Local[0], "one", "two");

        Assert.All([first, second, far, third], r => Assert.Equal(["one", "two"], r.UntilEnd()));
        Assert.All([first, second, far, third], r => Assert.Equal((3ul, IsIPv6(group) ? 3 * 51ul : 3 * 31ul), Delivered(group, r.Pod)));
    }

    /// <summary>Without this the other tests would pass with clones as well.</summary>
    [Theory]
    [InlineData("225.0.1.2")]
    [InlineData("ff0e::226:2")]
    public void Delivery_FanOut_TheListIsWhereThePacketGoes(string text)
    {
        var group = _cluster.Configure(text);
        using var named = Receiver.Joined(Local[1], group);
        using var reached = Receiver.Joined(Local[2], group);
        _lists.Set(group, slots: [Local[1]], devices: [Local[2]]);

        SendTo(group, Local[0], "x");

        // Its own clone, and the one that the list misdirects.
        Assert.Equal(["x", "x"], [.. reached.UntilEnd(), .. Enumerable.Repeat(Sockets.Receive(reached.Socket), 1).Where(t => t != Receiver.End).Select(t => t ?? "nothing")]);
        Assert.Empty(named.UntilUnicastEnd(Local[0]));
    }

    [Theory]
    [InlineData("225.0.1.3")]
    [InlineData("ff0e::226:3")]
    public void Delivery_FanOut_OneOfTheListLeft_OthersGetClones(string text)
    {
        var group = _cluster.Configure(text);
        using var stays = Receiver.Joined(Local[1], group);
        using (Receiver.Joined(Local[2], group))
        {
            _lists.Set(group, Local[1], Local[2]);
        }

        _cluster.Cluster.Nodes[0].WaitForMember(group, Local[2], member: false);
        using var left = Receiver.Bound(Local[2], IsIPv6(group));

        SendTo(group, Local[0], "bye");

        Assert.Equal(["bye"], stays.UntilEnd());
        Assert.Empty(left.UntilUnicastEnd(Local[0]));
        Assert.Equal(2ul, Delivered(group, Local[1]).Packets);
    }

    [Theory]
    [InlineData("225.0.1.4")]
    [InlineData("ff0e::226:4")]
    public void Delivery_FanOut_MemberThatTheListLacks_GetsAClone(string text)
    {
        var group = _cluster.Configure(text);
        using var old = Receiver.Joined(Local[1], group);
        _lists.Set(group, Local[1]);
        using var fresh = Receiver.Joined(Local[2], group);

        SendTo(group, Local[0], "a", "b");

        Assert.All([old, fresh], r => Assert.Equal(["a", "b"], r.UntilEnd()));
    }

    [Theory]
    [InlineData("225.0.1.5")]
    [InlineData("ff0e::226:5")]
    public void Delivery_FanOut_SenderIsInTheList_HearsItselfOnce(string text)
    {
        var group = _cluster.Configure(text);
        using var self = Receiver.Joined(Local[0], group);
        using var other = Receiver.Joined(Local[1], group);
        _lists.Set(group, Local[0], Local[1]);

        SendTo(group, Local[0], "echo");

        Assert.All([self, other], r => Assert.Equal(["echo"], r.UntilEnd()));
    }

    [Theory]
    [InlineData("225.0.1.6")]
    [InlineData("ff0e::226:6")]
    public void Delivery_FanOut_ArrivalsFromAnotherNode_TakeTheList(string text)
    {
        var group = _cluster.Configure(text);
        using var first = Receiver.Joined(Local[0], group);
        using var second = Receiver.Joined(Local[1], group);
        using var third = Receiver.Joined(_cluster.Third, group);
        _cluster.Publish(group);
        _lists.Set(group, Local[0], Local[1]);

        SendTo(group, Remote[0], "hello");

        Assert.All([first, second, third], r => Assert.Equal(["hello"], r.UntilEnd()));
        Assert.All([first, second, third], r => Assert.Equal(2ul, Delivered(group, r.Pod).Packets));
    }

    [Theory]
    [InlineData("225.0.1.7")]
    [InlineData("ff0e::226:7")]
    public void Delivery_FanOut_FragmentsFollow(string text)
    {
        var group = _cluster.Configure(text);
        using var near = Receiver.Joined(Local[1], group);
        using var near2 = Receiver.Joined(Local[2], group);
        using var far = Receiver.Joined(Remote[0], group);
        _cluster.Publish(group);
        _lists.Set(group, Local[1], Local[2]);
        var big = new string('y', 20000);

        SendTo(group, Local[0], big);

        Assert.All([near, near2, far], r => Assert.Equal([big], r.UntilEnd()));
    }

    [Fact]
    public void Delivery_FanOut_SourceFilterOfOneInTheList_IsFollowed()
    {
        var group = _cluster.Configure("232.1.1.2");
        using var any = Receiver.Joined(Local[0], group);
        using var picky = Receiver.Bound(Local[2], ipv6: false);
        // IP_ADD_SOURCE_MEMBERSHIP with struct ip_mreq_source { group, interface, source }.
        picky.Socket.SetRawSocketOption(0, 39, [.. group.GetAddressBytes(), .. Local[2].IPv4.GetAddressBytes(), .. Local[0].IPv4.GetAddressBytes()]);
        _cluster.Cluster.Nodes[0].WaitForMember(group, Local[2]);
        _lists.Set(group, Local[0], Local[2]);

        SendTo(group, Local[1], "unwanted");

        Assert.Equal(["unwanted"], any.UntilEnd());
        Assert.Empty(picky.UntilUnicastEnd(Local[0]));
        Assert.Equal(0ul, Delivered(group, Local[2]).Packets);
    }

    [Fact]
    public void Delivery_FanOut_DeviceIsGone_OthersGetTheirs()
    {
        var group = _cluster.Configure("225.0.1.9");
        var node = _cluster.Cluster.Nodes[0];
        var doomed = node.AddPod();
        using var first = Receiver.Joined(Local[1], group);
        using var second = Receiver.Joined(Local[2], group);
        using (Receiver.Joined(doomed, group))
        {
            _lists.Set(group, Local[1], doomed, Local[2]);
            Shell.Ip(node.Namespace, $"link del {doomed.Device}"); // no report of its leaving gets out any more
        }

        SendTo(group, Local[0], "still");

        Assert.All([first, second], r => Assert.Equal(["still"], r.UntilEnd()));
    }
}

public sealed class TunnelFanOutTests(TunnelMulticast cluster) : FanOutTests(cluster), IClassFixture<TunnelMulticast>;

public sealed class NativeFanOutTests(NativeMulticast cluster) : FanOutTests(cluster), IClassFixture<NativeMulticast>;
