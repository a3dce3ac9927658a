using System.Buffers.Binary;
using System.Net;

namespace Waggle.Agent.Multicast;

/// <summary>Writes IGMP membership queries as whole Ethernet frames.</summary>
/// <remarks>
/// IPv4 with TTL 1, precedence "internetwork control" and the Router Alert option (RFC 3376 4, RFC 2113). A general query goes to
/// 224.0.0.1, a group-specific one to the group.
/// </remarks>
internal static class IgmpQuery
{
    private const int Ethernet = 14, Ip = 24;

    public static byte[] Write(QuerySpec query)
    {
        int body = query.Version == 2 ? 8 : 12 + 4 * query.Sources.Count;
        byte[] frame = new byte[Ethernet + Ip + body];
        Span<byte> target = stackalloc byte[4];
        (query.Group ?? IPAddress.Parse("224.0.0.1")).TryWriteBytes(target, out _);

        Span<byte> f = frame;
        ReadOnlySpan<byte> prefix = [0x01, 0x00, 0x5e];
        prefix.CopyTo(f);
        f[3] = (byte)(target[1] & 0x7f);
        f[4] = target[2];
        f[5] = target[3];
        query.SourceMac.CopyTo(f[6..]);
        BinaryPrimitives.WriteUInt16BigEndian(f[12..], 0x0800);

        Span<byte> ip = f.Slice(Ethernet, Ip);
        ip[0] = 0x46; // version 4, 24 bytes of header
        ip[1] = 0xc0;
        BinaryPrimitives.WriteUInt16BigEndian(ip[2..], (ushort)(Ip + body));
        ip[8] = 1;
        ip[9] = 2; // IGMP
        query.Source.TryWriteBytes(ip[12..], out _);
        target.CopyTo(ip[16..]);
        ip[20] = 0x94; // Router Alert
        ip[21] = 4;
        BinaryPrimitives.WriteUInt16BigEndian(ip[10..], InternetChecksum.Of(ip));

        Span<byte> igmp = f[(Ethernet + Ip)..];
        long tenths = (long)(query.MaxResponse.TotalMilliseconds / 100);
        igmp[0] = 0x11;
        igmp[1] = query.Version == 2 ? (byte)Math.Clamp(tenths, 1, 255) : QueryTimeCode.Encode8(tenths);
        query.Group?.TryWriteBytes(igmp[4..], out _);
        if (query.Version != 2)
        {
            igmp[8] = (byte)((query.Suppress ? 8 : 0) | (query.Robustness > 7 ? 0 : query.Robustness));
            igmp[9] = QueryTimeCode.Encode8((long)query.Interval.TotalSeconds);
            BinaryPrimitives.WriteUInt16BigEndian(igmp[10..], (ushort)query.Sources.Count);
            for (int i = 0; i < query.Sources.Count; i++)
            {
                query.Sources[i].TryWriteBytes(igmp[(12 + 4 * i)..], out _);
            }
        }

        BinaryPrimitives.WriteUInt16BigEndian(igmp[2..], InternetChecksum.Of(igmp));
        return frame;
    }
}
