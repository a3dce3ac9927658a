using System.Net;
using System.Net.Sockets;
using System.Text;
using Waggle.Linux;

namespace Waggle.Datapath.Tests.Delivery.Support;

/// <summary>Real sockets in namespaces. Waits are for something to happen and end when it does; their limit is only for failures.</summary>
internal static class Sockets
{
    private const int IpV6Level = 41;
    private const int IpV6JoinGroup = 20;
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(60);

    public static Socket Create(NetworkNamespace ns, bool ipv6, SocketType type) => ns.Run(() =>
    {
        var socket = new Socket(ipv6 ? AddressFamily.InterNetworkV6 : AddressFamily.InterNetwork, type, type == SocketType.Stream ? ProtocolType.Tcp : ProtocolType.Udp);
        if (ipv6)
        {
            socket.DualMode = false;
        }

        return socket;
    });

    public static void Join(Socket socket, IPAddress group)
    {
        if (group.AddressFamily == AddressFamily.InterNetwork)
        {
            socket.SetSocketOption(SocketOptionLevel.IP, SocketOptionName.AddMembership, new MulticastOption(group));
            return;
        }

        // struct ipv6_mreq; interface 2 is eth0 in every pod of these tests.
        socket.SetRawSocketOption(IpV6Level, IpV6JoinGroup, [.. group.GetAddressBytes(), .. BitConverter.GetBytes(2)]);
    }

    public static void Send(Socket socket, string text, IPAddress to, int port) => socket.SendTo(Encoding.UTF8.GetBytes(text), new IPEndPoint(to, port));

    /// <summary>The next datagram's text, or null when none comes in time.</summary>
    public static string? Receive(Socket socket, TimeSpan? limit = null)
    {
        if (!socket.Poll(limit ?? Limit, SelectMode.SelectRead))
        {
            return null;
        }

        var buffer = new byte[65536];
        return Encoding.UTF8.GetString(buffer, 0, socket.Receive(buffer));
    }

    /// <summary>Everything that is in the socket's queue now.</summary>
    public static List<string> Drain(Socket socket)
    {
        List<string> texts = [];
        while (socket.Available > 0)
        {
            texts.Add(Receive(socket)!);
        }

        return texts;
    }

    /// <summary>Sends <paramref name="bytes"/> from client to server over a new TCP connection and the count back; true if all arrived.</summary>
    public static bool TcpRoundTrip(NetworkNamespace client, NetworkNamespace server, IPAddress address, int bytes, IPAddress? from = null)
    {
        var ipv6 = address.AddressFamily == AddressFamily.InterNetworkV6;
        using var listener = Create(server, ipv6, SocketType.Stream);
        listener.Bind(new IPEndPoint(address, 0));
        listener.Listen(1);
        var received = Task.Run(() =>
        {
            using var connection = listener.Accept();
            connection.ReceiveTimeout = (int)Limit.TotalMilliseconds;
            var buffer = new byte[65536];
            var total = 0;
            while (total < bytes)
            {
                var n = connection.Receive(buffer);
                if (n == 0)
                {
                    break;
                }

                total += n;
            }

            connection.Send(BitConverter.GetBytes(total));
        });
        using var socket = Create(client, ipv6, SocketType.Stream);
        socket.SendTimeout = socket.ReceiveTimeout = (int)Limit.TotalMilliseconds;
        if (from is not null)
        {
            socket.Bind(new IPEndPoint(from, 0));
        }

        if (!socket.ConnectAsync(new IPEndPoint(address, ((IPEndPoint)listener.LocalEndPoint!).Port)).Wait(Limit))
        {
            return false;
        }

        socket.Send(new byte[bytes]);
        var answer = new byte[4];
        socket.Receive(answer);
        received.GetAwaiter().GetResult();
        return BitConverter.ToInt32(answer) == bytes;
    }
}
