namespace Waggle.Agent.Multicast;

/// <summary>The one's complement checksum of IP, IGMP and ICMPv6 (RFC 1071).</summary>
internal static class InternetChecksum
{
    public static ushort Of(ReadOnlySpan<byte> data, uint seed = 0) => Fold(Sum(data, seed));

    public static uint Sum(ReadOnlySpan<byte> data, uint sum)
    {
        int i = 0;
        for (; i + 1 < data.Length; i += 2)
        {
            sum += (uint)(data[i] << 8 | data[i + 1]);
        }

        return i < data.Length ? sum + (uint)(data[i] << 8) : sum;
    }

    private static ushort Fold(uint sum)
    {
        while (sum >> 16 != 0)
        {
            sum = (sum & 0xffff) + (sum >> 16);
        }

        return (ushort)~sum;
    }
}
