using System.Buffers.Binary;
using System.Net.Sockets;

namespace Waggle.Linux;

/// <summary>Sockets that send and receive whole Ethernet frames (packet(7)). Needs CAP_NET_RAW.</summary>
public static unsafe class PacketSocket
{
    /// <summary>Every protocol (ETH_P_ALL); own transmissions are seen too.</summary>
    public const ushort AllProtocols = 3;

    /// <summary>Opens a raw packet socket bound to an interface; it sends and receives frames with their Ethernet header.</summary>
    /// <param name="interfaceIndex">The interface, as numbered in <paramref name="inside"/>.</param>
    /// <param name="etherType">What to receive, e.g. 0x0800; 0 to only send.</param>
    /// <param name="inside">The namespace of the interface; null for the current one.</param>
    public static Socket Open(int interfaceIndex, ushort etherType = AllProtocols, NetworkNamespace? inside = null) =>
        inside is null ? OpenHere(interfaceIndex, etherType) : inside.Run(() => OpenHere(interfaceIndex, etherType));

    private static Socket OpenHere(int interfaceIndex, ushort etherType)
    {
        // Protocol 0: nothing arrives between socket and bind, when the interface is not yet chosen.
        int number = Libc.socket(Libc.AF_PACKET, Libc.SOCK_RAW | Libc.SOCK_CLOEXEC, 0);
        if (number < 0)
            throw LinuxException.Last("open packet socket");
        using var descriptor = new FileDescriptor(number);
        var address = new Libc.sockaddr_ll
        {
            family = Libc.AF_PACKET,
            protocol = BinaryPrimitives.ReverseEndianness(etherType),
            ifindex = interfaceIndex,
        };
        if (Libc.bind(descriptor, &address, (uint)sizeof(Libc.sockaddr_ll)) < 0)
            throw LinuxException.Last("bind packet socket to interface", interfaceIndex.ToString(System.Globalization.CultureInfo.InvariantCulture));
        return descriptor.ToSocket();
    }
}
