using System.Net;
using System.Net.Sockets;

namespace Waggle.Datapath.Tests.Delivery.Support;

/// <summary>A pod's UDP socket on one port, with or without a group.</summary>
internal sealed class Receiver(TestPod pod, Socket socket) : IDisposable
{
    public const string End = "END";
    public const int Port = 6666;

    public TestPod Pod { get; } = pod;

    public Socket Socket { get; } = socket;

    public static Receiver Bound(TestPod pod, bool ipv6)
    {
        var socket = pod.Socket(ipv6);
        socket.Bind(new IPEndPoint(ipv6 ? IPAddress.IPv6Any : IPAddress.Any, Port));
        return new Receiver(pod, socket);
    }

    public static Receiver Joined(TestPod pod, IPAddress group)
    {
        var receiver = Bound(pod, group.AddressFamily == AddressFamily.InterNetworkV6);
        Sockets.Join(receiver.Socket, group);
        pod.Node.WaitForMember(group, pod);
        return receiver;
    }

    /// <summary>
    /// What came before the end mark. The mark takes the same way as the messages (the same socket sends it to the group), so nothing
    /// that was sent before can come later.
    /// </summary>
    public List<string> UntilEnd()
    {
        List<string> texts = [];
        while (true)
        {
            var text = Sockets.Receive(Socket);
            Assert.True(text is not null, $"{Pod.IPv4}: no end mark; got {string.Join(',', texts)}");
            if (text == End)
            {
                return texts;
            }

            texts.Add(text);
        }
    }

    /// <summary>For somebody who must have got nothing: what came before a mark by unicast, sent after the members had theirs.</summary>
    public List<string> UntilUnicastEnd(TestPod from)
    {
        var ipv6 = Socket.AddressFamily == AddressFamily.InterNetworkV6;
        using var marker = from.Socket(ipv6);
        Sockets.Send(marker, End, Pod.Address(ipv6), Port);
        return UntilEnd();
    }

    public void Dispose() => Socket.Dispose();
}
