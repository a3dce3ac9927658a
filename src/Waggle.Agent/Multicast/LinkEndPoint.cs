using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;

namespace Waggle.Agent.Multicast;

/// <summary>A device as the destination of a packet socket (<c>struct sockaddr_ll</c>, packet(7)).</summary>
internal sealed class LinkEndPoint(int ifindex, ushort etherType) : EndPoint
{
    public override AddressFamily AddressFamily => AddressFamily.Packet;

    public override SocketAddress Serialize()
    {
        var address = new SocketAddress(AddressFamily.Packet, 20);
        Span<byte> bytes = address.Buffer.Span;
        BinaryPrimitives.WriteUInt16BigEndian(bytes[2..], etherType);
        BinaryPrimitives.WriteInt32LittleEndian(bytes[4..], ifindex);
        return address;
    }
}
