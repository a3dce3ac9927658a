using System.Net;
using System.Runtime.InteropServices;
using Waggle.Linux;

namespace Waggle.Netlink;

/// <summary>struct ndmsg (linux/neighbour.h).</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct NeighbourHeader
{
    public byte Family;
    public byte Pad1;
    public ushort Pad2;
    public int Index;
    public ushort State;
    public byte Flags;
    public byte Type;
}

/// <summary>Neighbour requests as bytes, and replies read.</summary>
internal static class NeighbourMessages
{
    internal static byte[] List(byte family, int linkIndex, NeighbourFlags flags)
    {
        var writer = new MessageWriter(Rtm.GETNEIGH, MessageFlags.None);
        writer.Fixed(new NeighbourHeader { Family = family, Flags = (byte)flags });
        if (linkIndex != 0)
            writer.I32(Nda.IFINDEX, linkIndex);
        return writer.ToArray();
    }

    internal static byte[] Write(ushort type, MessageFlags flags, Neighbour neighbour)
    {
        var writer = new MessageWriter(type, flags);
        writer.Fixed(new NeighbourHeader
        {
            Family = Family.Of(neighbour.Address),
            Index = neighbour.LinkIndex,
            State = (ushort)neighbour.State,
            Flags = (byte)neighbour.Flags,
        });
        writer.Address(Nda.DST, neighbour.Address);
        if (neighbour.MacAddress is { } mac)
            writer.Mac(Nda.LLADDR, mac);
        if (neighbour.Managed)
            writer.U32(Nda.FLAGS_EXT, 1); // NTF_EXT_MANAGED
        return writer.ToArray();
    }

    internal static Neighbour? Parse(ushort type, ReadOnlySpan<byte> payload)
    {
        if (type is not (Rtm.NEWNEIGH or Rtm.DELNEIGH))
            return null;
        NeighbourHeader header = Payload.Read<NeighbourHeader>(payload, out AttributeReader a);
        if (header.Family is not (Family.Inet or Family.Inet6))
            return null;
        IPAddress? address = null;
        MacAddress? mac = null;
        while (a.MoveNext())
        {
            if (a.Type == Nda.DST)
                address = a.Address();
            else if (a.Type == Nda.LLADDR)
                mac = a.Mac();
        }

        return address is null
            ? null
            : new Neighbour(header.Index, address) { MacAddress = mac, State = (NeighbourState)header.State, Flags = (NeighbourFlags)header.Flags };
    }
}

/// <summary>Forwarding table requests as bytes, and replies read.</summary>
internal static class ForwardingMessages
{
    internal static byte[] List(int linkIndex)
    {
        var writer = new MessageWriter(Rtm.GETNEIGH, MessageFlags.None);
        writer.Fixed(new NeighbourHeader { Family = Family.Bridge, Index = linkIndex });
        return writer.ToArray();
    }

    internal static byte[] Write(ushort type, MessageFlags flags, ForwardingEntry entry)
    {
        var writer = new MessageWriter(type, flags);
        writer.Fixed(new NeighbourHeader { Family = Family.Bridge, Index = entry.LinkIndex, State = (ushort)entry.State, Flags = (byte)entry.Flags });
        writer.Mac(Nda.LLADDR, entry.MacAddress);
        if (entry.Destination is { } destination)
            writer.Address(Nda.DST, destination);
        if (entry.Port is { } port)
            writer.U16BigEndian(Nda.PORT, port);
        if (entry.Vni is { } vni)
            writer.U32(Nda.VNI, vni);
        if (entry.Vlan is { } vlan)
            writer.U16(Nda.VLAN, vlan);
        return writer.ToArray();
    }

    internal static ForwardingEntry? Parse(ushort type, ReadOnlySpan<byte> payload)
    {
        if (type is not (Rtm.NEWNEIGH or Rtm.DELNEIGH))
            return null;
        NeighbourHeader header = Payload.Read<NeighbourHeader>(payload, out AttributeReader a);
        if (header.Family != Family.Bridge)
            return null;
        MacAddress? mac = null;
        var entry = new ForwardingEntry(header.Index, default) { State = (NeighbourState)header.State, Flags = (NeighbourFlags)header.Flags };
        while (a.MoveNext())
        {
            switch (a.Type)
            {
                case Nda.LLADDR: mac = a.Mac(); break;
                case Nda.DST: entry = entry with { Destination = a.Address() }; break;
                case Nda.PORT: entry = entry with { Port = a.U16BigEndian() }; break;
                case Nda.VNI: entry = entry with { Vni = a.U32() }; break;
                case Nda.VLAN: entry = entry with { Vlan = a.U16() }; break;
                case Nda.MASTER: entry = entry with { MasterIndex = a.I32() }; break;
            }
        }

        return mac is { } known ? entry with { MacAddress = known } : null;
    }
}
