using System.Net;
using System.Net.Sockets;
using Waggle.Datapath.Abi;
using Waggle.Datapath.Tests.Delivery.Support;

namespace Waggle.Datapath.Tests.Delivery;

/// <summary>Somebody on the underlay sends VXLAN to a node: what is let in.</summary>
public sealed class OverlayRefusalTests : IDisposable
{
    private const int Port = 5000;
    private readonly TestCluster cluster = new(1);
    private readonly TestPod pod;
    private int tunnels;

    public OverlayRefusalTests() => pod = cluster.Nodes[0].AddPod();

    private TestNode Node => cluster.Nodes[0];

    [Fact]
    public void Overlay_Source_UnknownNodeRefused()
    {
        using var sender = Tunnel(vni: 2001, pod.IPv4, out var receiver);
        using (receiver)
        {
            Refused(sender, pod.IPv4, DropReason.TunnelProhibited);
        }
    }

    [Theory]
    [InlineData(0, DropReason.InvalidVni)]
    [InlineData(1, DropReason.InvalidIdentity)]
    [InlineData(5, DropReason.InvalidIdentity)]
    [InlineData(100, DropReason.InvalidIdentity)]
    public void Overlay_Identity_ThatNeverTravelsRefused(int vni, DropReason reason)
    {
        KnowWorld();
        using var sender = Tunnel(vni, pod.IPv4, out var receiver);
        using (receiver)
        {
            Refused(sender, pod.IPv4, reason);
        }
    }

    [Fact]
    public void Overlay_Destination_NobodyHasRefused()
    {
        KnowWorld();
        var nobody = IPAddress.Parse("10.0.2.99");
        using var sender = Tunnel(2001, nobody, out var receiver);
        using (receiver)
        {
            Refused(sender, nobody, DropReason.Unroutable);
        }
    }

    [Fact]
    public void Overlay_Multicast_UnconfiguredGroupRefused()
    {
        KnowWorld();
        var group = IPAddress.Parse("225.1.1.1");
        using var sender = Tunnel(2001, group, out var receiver);
        using (receiver)
        {
            Refused(sender, group, DropReason.MulticastUnconfigured);
        }

        Assert.False(Node.Datapath.Maps.McastUnconfigured.TryLookup(new McastGroupKey { Group = AbiAddress.From(group) }, out _));
    }

    [Theory]
    [InlineData(256)]
    [InlineData(0xffffff)]
    [InlineData(6)]
    public void Overlay_KnownNode_Delivered(int vni)
    {
        KnowWorld();
        using var sender = Tunnel(vni, pod.IPv4, out var receiver);
        using (receiver)
        {
            Sockets.Send(sender, "in", pod.IPv4, Port);
            Assert.Equal("in", Sockets.Receive(receiver));
        }
    }

    public void Dispose() => cluster.Dispose();

    private void KnowWorld() =>
        Node.Datapath.Maps.Nodes.Update(new NodeKey { Address = AbiAddress.From(IPAddress.Parse(TestCluster.World4)) }, new NodeInfo { NodeId = 9 });

    private void Refused(Socket sender, IPAddress to, DropReason reason)
    {
        cluster.Expect(reason);
        var before = Node.Count(reason);
        Sockets.Send(sender, "in", to, Port);
        Assert.True(SpinWait.SpinUntil(() => Node.Count(reason) >= before + 1, TimeSpan.FromSeconds(60)), $"not counted as {reason}");
    }

    /// <summary>A kernel VXLAN device outside the cluster, and a socket whose packets to <paramref name="to"/> go through it.</summary>
    private Socket Tunnel(int vni, IPAddress to, out Socket receiver)
    {
        receiver = pod.Socket(ipv6: false);
        receiver.Bind(new IPEndPoint(pod.IPv4, Port));
        var device = $"vx{tunnels++}";
        Shell.Ip(cluster.World,
            $"link add {device} type vxlan id {vni} remote {Node.Address(false)} dstport 8472",
            // Without an address of its own the device says nothing by itself that would be counted, too.
            $"link set {device} addrgenmode none",
            $"link set {device} up",
            $"addr add 10.0.99.9/32 dev {device}",
            $"route add {to}/32 dev {device} src 10.0.99.9");
        if (to.GetAddressBytes()[0] < 224)
        {
            Shell.Ip(cluster.World, $"neigh add {to} lladdr 02:00:00:00:99:99 dev {device}");
        }

        return Sockets.Create(cluster.World, ipv6: false, SocketType.Dgram);
    }
}
