using System.Net;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using Waggle.Linux;

namespace Waggle.Datapath.Tests.Delivery.Support;

/// <summary>Sends whole frames out of a device (packet(7)): also such as no honest stack would make.</summary>
internal sealed class PacketSocket : IDisposable
{
    private readonly Socket socket;
    private readonly LinkEndPoint to;

    public PacketSocket(NetworkNamespace ns, int ifindex)
    {
        socket = ns.Run(() => new Socket(AddressFamily.Packet, SocketType.Raw, ProtocolType.IP));
        to = new LinkEndPoint(ifindex);
    }

    public void Send(byte[] frame) => socket.SendTo(frame, to);

    public void Dispose() => socket.Dispose();

    /// <summary>struct sockaddr_ll.</summary>
    private sealed class LinkEndPoint(int ifindex) : EndPoint
    {
        public override AddressFamily AddressFamily => AddressFamily.Packet;

        public override SocketAddress Serialize()
        {
            var address = new SocketAddress(AddressFamily.Packet, 20);
            MemoryMarshal.Write(address.Buffer.Span[4..], ifindex);
            address[11] = 6;
            return address;
        }
    }
}
