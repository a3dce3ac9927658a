using System.Net;
using System.Net.Sockets;
using System.Text;
using Waggle.Datapath.Abi;
using Waggle.Datapath.Tests.Delivery.Support;

namespace Waggle.Datapath.Tests.Delivery;

/// <summary>Pods talk to a host outside that knows nodes only: no route back to pod addresses exists there.</summary>
public sealed class MasqueradeCluster : IDisposable
{
    public MasqueradeCluster()
    {
        Cluster = new TestCluster(1, c => c with { MasqueradeIPv4 = true, MasqueradeIPv6 = true, SnatPortMin = 20000, SnatPortMax = 20063 });
        First = Cluster.Nodes[0].AddPod();
        Second = Cluster.Nodes[0].AddPod();
    }

    internal TestCluster Cluster { get; }

    internal TestNode Node => Cluster.Nodes[0];

    internal TestPod First { get; }

    internal TestPod Second { get; }

    public void Dispose() => Cluster.Dispose();
}

public sealed class MasqueradeTests(MasqueradeCluster fixture) : IClassFixture<MasqueradeCluster>
{
    private static int nextPort = 7000;

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Delivery_Masquerade_TcpToOutside(bool ipv6) =>
        Assert.True(Sockets.TcpRoundTrip(fixture.First.Namespace, fixture.Cluster.World, Outside(ipv6), 1_000_000));

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Delivery_Masquerade_SamePortOfTwoPodsKeptApart(bool ipv6)
    {
        using var server = Server(ipv6, out var port);
        using var first = Client(fixture.First, ipv6, 20001);
        using var second = Client(fixture.Second, ipv6, 20001);
        var seen = new Dictionary<string, IPEndPoint>();
        foreach (var (socket, name) in new[] { (first, "first"), (second, "second"), (first, "first") })
        {
            Sockets.Send(socket, name, Outside(ipv6), port);
            var from = Echo(server);
            Assert.Equal(fixture.Node.Address(ipv6), from.Address);
            Assert.InRange(from.Port, 20000, 20063);
            Assert.True(!seen.TryGetValue(name, out var before) || before.Equals(from));
            seen[name] = from;
            Assert.Equal(name, Sockets.Receive(socket));
        }

        Assert.Equal(20001, seen["first"].Port);
        Assert.NotEqual(seen["first"], seen["second"]);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Delivery_Masquerade_PortsRunOut(bool ipv6)
    {
        using var server = Server(ipv6, out var port);
        fixture.Cluster.Expect(DropReason.NoNatMapping);
        var before = fixture.Node.Count(DropReason.NoNatMapping);
        HashSet<IPEndPoint> seen = [];
        for (var i = 0; i < 90; i++)
        {
            using var socket = Client(fixture.First, ipv6, 30000 + i);
            Sockets.Send(socket, "x", Outside(ipv6), port);
        }

        ulong Refused() => fixture.Node.Count(DropReason.NoNatMapping) - before;
        while (seen.Count + (int)Refused() < 90)
        {
            Assert.True(seen.Add(Echo(server)), "two flows with one port");
        }

        var refused = Refused();
        Assert.InRange(refused, 26ul, 60ul);
        Assert.Equal(90, seen.Count + (int)refused);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Delivery_Masquerade_FragmentsFollow(bool ipv6)
    {
        using var server = Server(ipv6, out var port);
        using var client = Client(fixture.First, ipv6, 20002);
        var big = new string('z', 6000);
        Sockets.Send(client, big, Outside(ipv6), port);
        var from = Echo(server);
        Assert.Equal(new IPEndPoint(fixture.Node.Address(ipv6), 20002), from);
        Assert.Equal(big, Sockets.Receive(client));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Delivery_Masquerade_PortUnreachableComesBack(bool ipv6)
    {
        using var client = Client(fixture.First, ipv6, 0);
        client.Connect(new IPEndPoint(Outside(ipv6), 9));
        client.Send("x"u8.ToArray());
        client.ReceiveTimeout = 10_000;
        var error = Assert.Throws<SocketException>(() => client.Receive(new byte[10]));
        Assert.Equal(SocketError.ConnectionRefused, error.SocketErrorCode);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Delivery_Masquerade_Ping(bool ipv6)
    {
        // A "ping socket": SOCK_DGRAM with ICMP, its identifier is the local port.
        Shell.Sysctl(fixture.First.Namespace, ("net/ipv4/ping_group_range", "0 0"));
        using var socket = fixture.First.Namespace.Run(() => new Socket(
            ipv6 ? AddressFamily.InterNetworkV6 : AddressFamily.InterNetwork, SocketType.Dgram, ipv6 ? ProtocolType.IcmpV6 : ProtocolType.Icmp));
        byte[] echo = [ipv6 ? (byte)128 : (byte)8, 0, 0, 0, 0, 0, 0, 1, .. "hello"u8];
        socket.SendTo(echo, new IPEndPoint(Outside(ipv6), 0));
        Assert.True(socket.Poll(TimeSpan.FromSeconds(60), SelectMode.SelectRead));
        var buffer = new byte[100];
        var length = socket.Receive(buffer);
        Assert.Equal("hello", Encoding.UTF8.GetString(buffer, length - 5, 5));
    }

    [Fact]
    public void Delivery_Masquerade_HostKeepsItsOwnAddressAndPort()
    {
        using var server = Server(ipv6: false, out var port);
        using var socket = Sockets.Create(fixture.Node.Namespace, ipv6: false, SocketType.Dgram);
        socket.Bind(new IPEndPoint(IPAddress.Any, 4444));
        Sockets.Send(socket, "host", Outside(false), port);
        Assert.Equal(new IPEndPoint(fixture.Node.Address(false), 4444), Echo(server));
        Assert.Equal("host", Sockets.Receive(socket));
    }

    private static IPAddress Outside(bool ipv6) => IPAddress.Parse(ipv6 ? TestCluster.Outside6 : TestCluster.Outside4);

    private static Socket Client(TestPod pod, bool ipv6, int port)
    {
        var socket = pod.Socket(ipv6);
        socket.Bind(new IPEndPoint(pod.Address(ipv6), port));
        return socket;
    }

    /// <summary>Sends the next datagram back and says whom it came from.</summary>
    private static IPEndPoint Echo(Socket server)
    {
        Assert.True(server.Poll(TimeSpan.FromSeconds(60), SelectMode.SelectRead), "nothing arrived outside");
        var buffer = new byte[65536];
        EndPoint from = new IPEndPoint(server.AddressFamily == AddressFamily.InterNetworkV6 ? IPAddress.IPv6Any : IPAddress.Any, 0);
        var length = server.ReceiveFrom(buffer, ref from);
        server.SendTo(buffer.AsSpan(0, length), from);
        return (IPEndPoint)from;
    }

    private Socket Server(bool ipv6, out int port)
    {
        port = Interlocked.Increment(ref nextPort);
        var socket = Sockets.Create(fixture.Cluster.World, ipv6, SocketType.Dgram);
        socket.Bind(new IPEndPoint(Outside(ipv6), port));
        return socket;
    }
}
