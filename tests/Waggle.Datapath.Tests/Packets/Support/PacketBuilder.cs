using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;

namespace Waggle.Datapath.Tests.Packets.Support;

/// <summary>
/// Builds an Ethernet frame from the outside in; lengths and checksums are right unless a test says otherwise. Transport methods
/// are in the other parts of this class.
/// </summary>
internal sealed partial class PacketBuilder
{
    public const ushort EtherTypeIPv4 = 0x0800;
    public const ushort EtherTypeArp = 0x0806;
    public const ushort EtherTypeIPv6 = 0x86dd;

    private readonly List<(byte Type, byte[] Body)> extensions = [];
    private byte[] destinationMac = Mac.Gateway;
    private byte[] sourceMac = Mac.Pod;
    private ushort? etherType;
    private IPAddress? source;
    private IPAddress? destination;
    private byte hopLimit = 64;
    private byte protocol;
    private ushort fragment;
    private ushort identification = 1;
    private byte[] options = [];
    private int? totalLength;
    private int? version;
    private byte[] message = [];
    private int checksumAt = -1;
    private bool pseudoHeader;
    private ushort checksumError;

    private bool IsIPv6 => source is { AddressFamily: AddressFamily.InterNetworkV6 };

    public static PacketBuilder Ip(string source, string destination) => new()
    {
        source = IPAddress.Parse(source),
        destination = IPAddress.Parse(destination),
    };

    public static PacketBuilder Raw(ushort etherType, params byte[] payload) => new() { etherType = etherType, message = payload };

    public PacketBuilder Macs(byte[] from, byte[] to)
    {
        sourceMac = from;
        destinationMac = to;
        return this;
    }

    /// <summary>TTL or hop limit.</summary>
    public PacketBuilder HopLimit(byte value)
    {
        hopLimit = value;
        return this;
    }

    /// <summary>IPv4 options, already padded to four bytes.</summary>
    public PacketBuilder Options(params byte[] value)
    {
        options = value;
        return this;
    }

    public PacketBuilder RouterAlert() => IsIPv6 ? Extension(0, 5, 2, 0, 0, 1, 0) : Options(0x94, 4, 0, 0);

    public PacketBuilder DontFragment()
    {
        fragment |= 0x4000;
        return this;
    }

    /// <summary>Makes it a fragment: offset in units of 8 bytes.</summary>
    public PacketBuilder Fragment(int offset, bool more, ushort id = 77)
    {
        identification = id;
        if (IsIPv6)
        {
            var field = (ushort)((offset << 3) | (more ? 1 : 0));
            return Extension(44, 0, (byte)(field >> 8), (byte)field, 0, 0, (byte)(id >> 8), (byte)id);
        }

        fragment = (ushort)((fragment & 0x4000) | offset | (more ? 0x2000 : 0));
        return this;
    }

    /// <summary>An IPv6 extension header; <paramref name="body"/> is what follows next header and length (fragment: what follows next header).</summary>
    public PacketBuilder Extension(byte type, params byte[] body)
    {
        extensions.Add((type, body));
        return this;
    }

    /// <summary>Lies about the length of the datagram.</summary>
    public PacketBuilder ClaimLength(int bytes)
    {
        totalLength = bytes;
        return this;
    }

    public PacketBuilder ClaimVersion(int number)
    {
        version = number;
        return this;
    }

    public PacketBuilder CorruptChecksum()
    {
        checksumError = 0x1234;
        return this;
    }

    /// <summary>Any transport, as bytes, without checksum.</summary>
    public PacketBuilder Payload(byte number, byte[] bytes) => Message(number, bytes, -1, false);

    public byte[] Build()
    {
        var body = etherType is null ? BuildIp() : message;
        var type = etherType ?? (IsIPv6 ? EtherTypeIPv6 : EtherTypeIPv4);
        byte[] frame = [.. destinationMac, .. sourceMac, (byte)(type >> 8), (byte)type, .. body];
        return frame;
    }

    private PacketBuilder Message(byte number, byte[] bytes, int checksumOffset, bool pseudo)
    {
        protocol = number;
        message = bytes;
        checksumAt = checksumOffset;
        pseudoHeader = pseudo;
        return this;
    }

    private byte[] BuildIp()
    {
        if (checksumAt >= 0)
        {
            message.AsSpan(checksumAt, 2).Clear();
            var sum = pseudoHeader ? Checksum.Pseudo(source!, destination!, message.Length, protocol) : 0;
            var value = Checksum.Fold(Checksum.Add(message, sum));
            BinaryPrimitives.WriteUInt16BigEndian(message.AsSpan(checksumAt), (ushort)(value ^ checksumError));
        }

        return IsIPv6 ? BuildIPv6() : BuildIPv4();
    }

    private byte[] BuildIPv4()
    {
        var header = new byte[20 + options.Length];
        header[0] = (byte)(((version ?? 4) << 4) | (header.Length / 4));
        BinaryPrimitives.WriteUInt16BigEndian(header.AsSpan(2), (ushort)(totalLength ?? (header.Length + message.Length)));
        BinaryPrimitives.WriteUInt16BigEndian(header.AsSpan(4), identification);
        BinaryPrimitives.WriteUInt16BigEndian(header.AsSpan(6), fragment);
        header[8] = hopLimit;
        header[9] = protocol;
        source!.GetAddressBytes().CopyTo(header, 12);
        destination!.GetAddressBytes().CopyTo(header, 16);
        options.CopyTo(header, 20);
        BinaryPrimitives.WriteUInt16BigEndian(header.AsSpan(10), Checksum.Fold(Checksum.Add(header)));
        return [.. header, .. message];
    }

    private byte[] BuildIPv6()
    {
        List<byte> body = [];
        for (var i = 0; i < extensions.Count; i++)
        {
            var next = i + 1 < extensions.Count ? extensions[i + 1].Type : protocol;
            var (type, rest) = extensions[i];
            // The fragment header has a fixed size, the others tell theirs in units of 8 bytes beyond the first 8.
            body.AddRange(type == 44 ? [next, .. rest] : [next, (byte)(((rest.Length + 2) / 8) - 1), .. rest]);
        }

        body.AddRange(message);
        var header = new byte[40];
        header[0] = (byte)((version ?? 6) << 4);
        BinaryPrimitives.WriteUInt16BigEndian(header.AsSpan(4), (ushort)(totalLength is { } claim ? claim - 40 : body.Count));
        header[6] = extensions.Count > 0 ? extensions[0].Type : protocol;
        header[7] = hopLimit;
        source!.GetAddressBytes().CopyTo(header, 8);
        destination!.GetAddressBytes().CopyTo(header, 24);
        return [.. header, .. body];
    }
}
