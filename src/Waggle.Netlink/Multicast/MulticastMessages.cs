using System.Buffers.Binary;
using System.Net;
using System.Runtime.InteropServices;

namespace Waggle.Netlink;

/// <summary>struct br_port_msg (linux/if_bridge.h).</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct BridgePortHeader
{
    public byte Family;
    public int Index;
}

/// <summary>struct br_mdb_entry (linux/if_bridge.h): 28 bytes, the address in network order, the EtherType too.</summary>
[StructLayout(LayoutKind.Explicit, Size = 28)]
internal unsafe struct MulticastRecord
{
    [FieldOffset(0)] public int Index;
    [FieldOffset(4)] public byte State;
    [FieldOffset(5)] public byte Flags;
    [FieldOffset(6)] public ushort Vlan;
    [FieldOffset(8)] public fixed byte Address[16];
    [FieldOffset(24)] public ushort EtherType;
}

/// <summary>Multicast database requests as bytes, and replies read.</summary>
internal static unsafe class MulticastMessages
{
    private const ushort EtherTypeIpv4 = 0x0800;
    private const ushort EtherTypeIpv6 = 0x86dd;

    internal static byte[] List()
    {
        var writer = new MessageWriter(Rtm.GETMDB, MessageFlags.None);
        writer.Fixed(new BridgePortHeader { Family = Family.Bridge });
        return writer.ToArray();
    }

    internal static byte[] Write(ushort type, MessageFlags flags, MulticastEntry entry)
    {
        bool v4 = Family.Of(entry.Group) == Family.Inet;
        var record = new MulticastRecord
        {
            Index = entry.PortIndex,
            State = entry.Permanent ? (byte)1 : (byte)0,
            Vlan = entry.Vlan,
            EtherType = BinaryPrimitives.ReverseEndianness(v4 ? EtherTypeIpv4 : EtherTypeIpv6),
        };
        entry.Group.TryWriteBytes(new Span<byte>(record.Address, 16), out _);
        var writer = new MessageWriter(type, flags);
        writer.Fixed(new BridgePortHeader { Family = Family.Bridge, Index = entry.BridgeIndex });
        writer.Struct(Mdba.MDBA_SET_ENTRY, record);
        if (entry.Source is { } source)
        {
            int attributes = writer.BeginNest(Mdba.MDBA_SET_ENTRY_ATTRS);
            writer.Address(Mdba.MDBE_ATTR_SOURCE, source);
            writer.EndNest(attributes);
        }

        return writer.ToArray();
    }

    /// <summary>Reads one bridge's part of the database.</summary>
    internal static IReadOnlyList<MulticastEntry>? Parse(ushort type, ReadOnlySpan<byte> payload)
    {
        // A dump's parts carry RTM_GETMDB, notifications RTM_NEWMDB and RTM_DELMDB.
        if (type is not (Rtm.NEWMDB or Rtm.DELMDB or Rtm.GETMDB))
            return null;
        BridgePortHeader header = Payload.Read<BridgePortHeader>(payload, out AttributeReader database);
        List<MulticastEntry> entries = [];
        while (database.MoveNext())
        {
            if (database.Type != Mdba.MDBA_MDB)
                continue;
            AttributeReader groups = database.Nested();
            while (groups.MoveNext())
            {
                if (groups.Type != Mdba.MDBA_MDB_ENTRY)
                    continue;
                AttributeReader infos = groups.Nested();
                while (infos.MoveNext())
                {
                    if (infos.Type == Mdba.MDBA_MDB_ENTRY_INFO && ParseEntry(header.Index, infos) is { } entry)
                        entries.Add(entry);
                }
            }
        }

        return entries;
    }

    private static MulticastEntry? ParseEntry(int bridge, AttributeReader info)
    {
        MulticastRecord record = info.Struct<MulticastRecord>();
        int length = BinaryPrimitives.ReverseEndianness(record.EtherType) switch
        {
            EtherTypeIpv4 => 4,
            EtherTypeIpv6 => 16,
            _ => 0, // an Ethernet group
        };
        if (length == 0)
            return null;
        var entry = new MulticastEntry(bridge, record.Index, new IPAddress(new ReadOnlySpan<byte>(record.Address, length))) { Permanent = record.State == 1, Vlan = record.Vlan };
        var extra = new AttributeReader(info.Value[Math.Min(sizeof(MulticastRecord), info.Value.Length)..]);
        while (extra.MoveNext())
        {
            if (extra.Type == Mdba.MDBA_MDB_EATTR_SOURCE)
                entry = entry with { Source = extra.Address() };
        }

        return entry;
    }
}
