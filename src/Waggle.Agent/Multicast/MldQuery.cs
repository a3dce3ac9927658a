using System.Buffers.Binary;
using System.Net;

namespace Waggle.Agent.Multicast;

/// <summary>Writes MLD queries as whole Ethernet frames.</summary>
/// <remarks>IPv6 from a link-local address with hop limit 1 and the Router Alert option in a hop-by-hop header (RFC 3810 5, RFC 2711).</remarks>
internal static class MldQuery
{
    private const int Ethernet = 14, Ip = 40, HopByHop = 8;

    public static byte[] Write(QuerySpec query)
    {
        int body = query.Version == 1 ? 24 : 28 + 16 * query.Sources.Count;
        byte[] frame = new byte[Ethernet + Ip + HopByHop + body];
        Span<byte> target = stackalloc byte[16];
        (query.Group ?? IPAddress.Parse("ff02::1")).TryWriteBytes(target, out _);

        Span<byte> f = frame;
        f[0] = f[1] = 0x33;
        target[12..].CopyTo(f[2..]);
        query.SourceMac.CopyTo(f[6..]);
        BinaryPrimitives.WriteUInt16BigEndian(f[12..], 0x86dd);

        Span<byte> ip = f.Slice(Ethernet, Ip);
        ip[0] = 0x60;
        BinaryPrimitives.WriteUInt16BigEndian(ip[4..], (ushort)(HopByHop + body));
        ip[7] = 1;
        query.Source.TryWriteBytes(ip[8..], out _);
        target.CopyTo(ip[24..]);

        Span<byte> hop = f.Slice(Ethernet + Ip, HopByHop);
        hop[0] = 58; // ICMPv6
        hop[2] = 5; // Router Alert, 2 bytes, value 0 = MLD
        hop[3] = 2;
        hop[6] = 1; // PadN of 0

        Span<byte> mld = f[(Ethernet + Ip + HopByHop)..];
        long milliseconds = (long)query.MaxResponse.TotalMilliseconds;
        mld[0] = 130;
        BinaryPrimitives.WriteUInt16BigEndian(mld[4..], query.Version == 1 ? (ushort)Math.Min(milliseconds, 65535) : QueryTimeCode.Encode16(milliseconds));
        query.Group?.TryWriteBytes(mld[8..], out _);
        if (query.Version != 1)
        {
            mld[24] = (byte)((query.Suppress ? 8 : 0) | (query.Robustness > 7 ? 0 : query.Robustness));
            mld[25] = QueryTimeCode.Encode8((long)query.Interval.TotalSeconds);
            BinaryPrimitives.WriteUInt16BigEndian(mld[26..], (ushort)query.Sources.Count);
            for (int i = 0; i < query.Sources.Count; i++)
            {
                query.Sources[i].TryWriteBytes(mld[(28 + 16 * i)..], out _);
            }
        }

        // Pseudo-header: both addresses, length, next header 58 (RFC 8200 8.1).
        uint seed = InternetChecksum.Sum(ip[8..40], (uint)body + 58);
        BinaryPrimitives.WriteUInt16BigEndian(mld[2..], InternetChecksum.Of(mld, seed));
        return frame;
    }
}
