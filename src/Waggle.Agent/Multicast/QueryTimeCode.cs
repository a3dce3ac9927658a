namespace Waggle.Agent.Multicast;

/// <summary>The floating-point times of IGMPv3 (RFC 3376 4.1.1, 4.1.7) and MLDv2 (RFC 3810 5.1.3, 5.1.9). Values between two codes go down.</summary>
internal static class QueryTimeCode
{
    /// <summary>8 bits: up to 127 as it is, then 1eeemmmm = (m + 16) · 2^(e + 3).</summary>
    public static byte Encode8(long value)
    {
        if (value < 128)
        {
            return (byte)Math.Max(0, value);
        }

        for (int exponent = 0; exponent < 8; exponent++)
        {
            long mantissa = value >> (exponent + 3);
            if (mantissa < 32)
            {
                return (byte)(0x80 | exponent << 4 | (int)(mantissa & 0xf));
            }
        }

        return 0xff;
    }

    public static long Decode8(byte code) => code < 128 ? code : (long)(code & 0xf | 0x10) << ((code >> 4 & 7) + 3);

    /// <summary>16 bits: up to 32767 as it is, then 1eeemmmmmmmmmmmm = (m + 4096) · 2^(e + 3).</summary>
    public static ushort Encode16(long value)
    {
        if (value < 32768)
        {
            return (ushort)Math.Max(0, value);
        }

        for (int exponent = 0; exponent < 8; exponent++)
        {
            long mantissa = value >> (exponent + 3);
            if (mantissa < 8192)
            {
                return (ushort)(0x8000 | exponent << 12 | (int)(mantissa & 0xfff));
            }
        }

        return 0xffff;
    }

    public static long Decode16(ushort code) => code < 32768 ? code : (long)(code & 0xfff | 0x1000) << ((code >> 12 & 7) + 3);
}
