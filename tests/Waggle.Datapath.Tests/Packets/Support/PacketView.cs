using System.Buffers.Binary;
using System.Net;

namespace Waggle.Datapath.Tests.Packets.Support;

/// <summary>Reads a frame back. Checksums are computed afresh, never trusted.</summary>
internal sealed class PacketView(byte[] frame)
{
    public byte[] Frame { get; } = frame;

    public byte[] DestinationMac => Frame[..6];

    public byte[] SourceMac => Frame[6..12];

    public ushort EtherType => BinaryPrimitives.ReadUInt16BigEndian(Frame.AsSpan(12));

    public bool IsIPv6 => EtherType == PacketBuilder.EtherTypeIPv6;

    public string Source => Address(IsIPv6 ? 22 : 26).ToString();

    public string Destination => Address(IsIPv6 ? 38 : 30).ToString();

    public byte HopLimit => Frame[IsIPv6 ? 21 : 22];

    public byte Protocol => Frame[IsIPv6 ? 20 : 23];

    public int HeaderLength => IsIPv6 ? 40 : (Frame[14] & 15) * 4;

    /// <summary>What follows the IP header; a quotation may end early.</summary>
    public byte[] Payload => Frame[(14 + HeaderLength)..Math.Min(14 + IpLength, Frame.Length)];

    public ushort SourcePort => BinaryPrimitives.ReadUInt16BigEndian(Payload);

    public ushort DestinationPort => BinaryPrimitives.ReadUInt16BigEndian(Payload.AsSpan(2));

    public ushort IcmpId => BinaryPrimitives.ReadUInt16BigEndian(Payload.AsSpan(4));

    /// <summary>MTU of an ICMP(v6) "too big".</summary>
    public uint IcmpRest => BinaryPrimitives.ReadUInt32BigEndian(Payload.AsSpan(4));

    /// <summary>The packet an ICMP error quotes, as a frame of its own.</summary>
    public PacketView Quoted => new([.. Frame[..14], .. Payload[8..]]);

    private int IpLength => IsIPv6 ? 40 + BinaryPrimitives.ReadUInt16BigEndian(Frame.AsSpan(18)) : BinaryPrimitives.ReadUInt16BigEndian(Frame.AsSpan(16));

    /// <summary>Fails unless the lengths fit and the IPv4 header's and the transport's checksums are right.</summary>
    public PacketView Valid()
    {
        Assert.Equal(Frame.Length, 14 + IpLength);
        if (!IsIPv6)
        {
            Assert.Equal(0, Checksum.Fold(Checksum.Add(Frame.AsSpan(14, HeaderLength))));
        }

        var pseudo = Protocol is PacketBuilder.Icmp or PacketBuilder.Igmp
            ? 0
            : Checksum.Pseudo(IPAddress.Parse(Source), IPAddress.Parse(Destination), Payload.Length, Protocol);
        Assert.Equal(0, Checksum.Fold(Checksum.Add(Payload, pseudo)));
        return this;
    }

    private IPAddress Address(int offset) => new(Frame.AsSpan(offset, IsIPv6 ? 16 : 4));
}
