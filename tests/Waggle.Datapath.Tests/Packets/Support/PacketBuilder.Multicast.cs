using System.Net;

namespace Waggle.Datapath.Tests.Packets.Support;

/// <summary>A group record of an IGMPv3 or MLDv2 report.</summary>
internal sealed record GroupRecord(GroupRecordType Type, string Group, params string[] Sources)
{
    public byte[] Auxiliary { get; init; } = [];

    public byte[] Build() =>
    [
        (byte)Type, (byte)(Auxiliary.Length / 4), (byte)(Sources.Length >> 8), (byte)Sources.Length,
        .. IPAddress.Parse(Group).GetAddressBytes(),
        .. Sources.SelectMany(s => IPAddress.Parse(s).GetAddressBytes()),
        .. Auxiliary,
    ];
}

internal enum GroupRecordType : byte
{
    IsInclude = 1,
    IsExclude = 2,
    ToInclude = 3,
    ToExclude = 4,
    Allow = 5,
    Block = 6,
}

internal sealed partial class PacketBuilder
{
    /// <summary>IGMPv1 (0x12) or v2 (0x16) report to the group, or v2 leave (0x17) to all routers.</summary>
    public static PacketBuilder IgmpMessage(string source, byte type, string group)
    {
        var packet = Ip(source, type == 0x17 ? "224.0.0.2" : group).HopLimit(1).RouterAlert();
        return packet.IgmpBytes([type, 0, 0, 0, .. IPAddress.Parse(group).GetAddressBytes()]);
    }

    public static PacketBuilder Igmp3Report(string source, params GroupRecord[] records) =>
        Ip(source, "224.0.0.22").HopLimit(1).RouterAlert().IgmpBytes(Igmp3Bytes(records.Length, records));

    /// <summary>The bytes of a report that says it has <paramref name="count"/> records.</summary>
    public static byte[] Igmp3Bytes(int count, params GroupRecord[] records) =>
        [0x22, 0, 0, 0, 0, 0, (byte)(count >> 8), (byte)count, .. records.SelectMany(r => r.Build())];

    public PacketBuilder IgmpBytes(byte[] bytes) => Message(Igmp, bytes, 2, pseudo: false);

    /// <summary>MLDv1 report (131) to the group, or done (132) to all routers.</summary>
    public static PacketBuilder MldMessage(string source, byte type, string group) =>
        Ip(source, type == 132 ? "ff02::2" : group).HopLimit(1).RouterAlert()
            .IcmpMessage([type, 0, 0, 0, 0, 0, 0, 0, .. IPAddress.Parse(group).GetAddressBytes()]);

    public static PacketBuilder Mld2Report(string source, params GroupRecord[] records) =>
        Ip(source, "ff02::16").HopLimit(1).RouterAlert().IcmpMessage(Mld2Bytes(records.Length, records));

    public static byte[] Mld2Bytes(int count, params GroupRecord[] records) =>
        [143, 0, 0, 0, 0, 0, (byte)(count >> 8), (byte)count, .. records.SelectMany(r => r.Build())];
}
