using System.Net;

namespace Waggle.Datapath.Tests.Packets.Support;

internal sealed partial class PacketBuilder
{
    public static PacketBuilder ArpRequest(byte[] senderMac, string sender, string target) => Arp(1, senderMac, sender, new byte[6], target);

    public static PacketBuilder Arp(ushort operation, byte[] senderMac, string sender, byte[] targetMac, string target)
    {
        byte[] body =
        [
            0, 1, 8, 0, 6, 4, (byte)(operation >> 8), (byte)operation,
            .. senderMac, .. IPAddress.Parse(sender).GetAddressBytes(),
            .. targetMac, .. IPAddress.Parse(target).GetAddressBytes(),
        ];
        return Raw(EtherTypeArp, body).Macs(senderMac, Mac.Broadcast);
    }

    /// <summary>Neighbour solicitation to the target's solicited-node group, with the source link-layer option unless it is a probe.</summary>
    public static PacketBuilder NeighbourSolicitation(string source, string target)
    {
        var bytes = IPAddress.Parse(target).GetAddressBytes();
        byte[] option = source == "::" ? [] : [1, 1, .. Mac.Pod];
        return Ip(source, $"ff02::1:ff{bytes[13]:x2}:{bytes[14]:x2}{bytes[15]:x2}").HopLimit(255)
            .IcmpMessage([135, 0, 0, 0, 0, 0, 0, 0, .. bytes, .. option]);
    }
}
