using System.Net;
using Waggle.Datapath.Tests.Delivery.Support;

namespace Waggle.Datapath.Tests.Delivery;

/// <summary>Two nodes with VXLAN, two pods on the first and one on the second.</summary>
public sealed class TunnelCluster : IDisposable
{
    public TunnelCluster()
    {
        Cluster = new TestCluster(2);
        Local = Cluster.Nodes[0].AddPod();
        Neighbour = Cluster.Nodes[0].AddPod();
        Remote = Cluster.Nodes[1].AddPod();
        Cluster.Connect();
    }

    internal TestCluster Cluster { get; }

    internal TestPod Local { get; }

    internal TestPod Neighbour { get; }

    internal TestPod Remote { get; }

    public void Dispose() => Cluster.Dispose();
}

public sealed class UnicastTests(TunnelCluster tunnel) : IClassFixture<TunnelCluster>
{
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Delivery_SameNode_Tcp(bool ipv6) =>
        Assert.True(Sockets.TcpRoundTrip(tunnel.Local.Namespace, tunnel.Neighbour.Namespace, tunnel.Neighbour.Address(ipv6), 2_000_000));

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Delivery_OtherNode_Tcp(bool ipv6) =>
        Assert.True(Sockets.TcpRoundTrip(tunnel.Local.Namespace, tunnel.Remote.Namespace, tunnel.Remote.Address(ipv6), 2_000_000));

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Delivery_HostToItsPod_Tcp(bool ipv6) =>
        Assert.True(Sockets.TcpRoundTrip(tunnel.Local.Node.Namespace, tunnel.Local.Namespace, tunnel.Local.Address(ipv6), 100_000));

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Delivery_PodToItsHost_Tcp(bool ipv6) =>
        Assert.True(Sockets.TcpRoundTrip(tunnel.Local.Namespace, tunnel.Local.Node.Namespace, tunnel.Local.Node.Router(ipv6), 100_000));

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Delivery_HostToRemotePod_Tcp(bool ipv6) =>
        Assert.True(Sockets.TcpRoundTrip(tunnel.Local.Node.Namespace, tunnel.Remote.Namespace, tunnel.Remote.Address(ipv6), 500_000));

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Delivery_PodToRemoteRouter_Tcp(bool ipv6) =>
        Assert.True(Sockets.TcpRoundTrip(tunnel.Local.Namespace, tunnel.Remote.Node.Namespace, tunnel.Remote.Node.Router(ipv6), 100_000));

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Delivery_OtherNode_FragmentedDatagram(bool ipv6)
    {
        using var receiver = tunnel.Remote.Socket(ipv6);
        receiver.Bind(new IPEndPoint(tunnel.Remote.Address(ipv6), 5555));
        using var sender = tunnel.Local.Socket(ipv6);
        var text = new string('x', 9000);
        string? got = null;
        // The first IPv6 datagram teaches the sender the path's MTU and is lost: routers do not fragment (RFC 8200 5).
        for (var attempt = 0; attempt < 5 && got is null; attempt++)
        {
            Sockets.Send(sender, text, tunnel.Remote.Address(ipv6), 5555);
            got = Sockets.Receive(receiver, TimeSpan.FromSeconds(1));
        }

        Assert.Equal(text, got);
    }

    /// <summary>Pod and underlay have 1,500 bytes; VXLAN takes 50 of them. The sender learns it from the ICMP error made in BPF.</summary>
    [Theory]
    [InlineData(false, 0, 10, 14)]
    [InlineData(true, 41, 23, 24)]
    public void Delivery_OtherNode_PathMtuLearnt(bool ipv6, int level, int discover, int mtu)
    {
        using var sender = tunnel.Neighbour.Socket(ipv6);
        sender.SetRawSocketOption(level, discover, BitConverter.GetBytes(2));
        sender.Connect(new IPEndPoint(tunnel.Remote.Address(ipv6), 5556));
        int PathMtu()
        {
            Span<byte> value = stackalloc byte[4];
            sender.GetRawSocketOption(level, mtu, value);
            return BitConverter.ToInt32(value);
        }

        Assert.Equal(1500, PathMtu());
        sender.Send(new byte[1440]);
        Assert.True(SpinWait.SpinUntil(() => PathMtu() == 1450, TimeSpan.FromSeconds(60)), $"still {PathMtu()}");
    }
}
