using System.Globalization;

namespace Waggle.Linux;

/// <summary>A 48-bit Ethernet address, compared and copied as a number.</summary>
/// <param name="Value">The address, first octet in bits 40 to 47.</param>
public readonly record struct MacAddress(ulong Value) : ISpanParsable<MacAddress>
{
    /// <summary>Octets of an address.</summary>
    public const int Length = 6;

    /// <summary>Reads six octets in transmission order.</summary>
    /// <exception cref="ArgumentException">Other than six octets.</exception>
    public static MacAddress FromBytes(ReadOnlySpan<byte> octets)
    {
        if (octets.Length != Length)
            throw new ArgumentException($"An Ethernet address has 6 octets, not {octets.Length}", nameof(octets));
        ulong value = 0;
        foreach (byte octet in octets)
            value = value << 8 | octet;
        return new MacAddress(value);
    }

    /// <summary>A random, locally administered unicast address.</summary>
    public static MacAddress Random()
    {
        Span<byte> octets = stackalloc byte[Length];
        System.Security.Cryptography.RandomNumberGenerator.Fill(octets);
        octets[0] = (byte)(octets[0] & 0xfe | 0x02);
        return FromBytes(octets);
    }

    /// <summary>The Ethernet address of an IPv4 (RFC 1112) or IPv6 (RFC 2464) multicast group.</summary>
    public static MacAddress OfMulticastGroup(System.Net.IPAddress group)
    {
        byte[] octets = group.GetAddressBytes();
        return octets.Length == 4
            ? FromBytes([0x01, 0x00, 0x5e, (byte)(octets[1] & 0x7f), octets[2], octets[3]])
            : FromBytes([0x33, 0x33, octets[12], octets[13], octets[14], octets[15]]);
    }

    /// <summary>Writes the six octets in transmission order.</summary>
    public void CopyTo(Span<byte> destination)
    {
        for (int i = 0; i < Length; i++)
            destination[i] = (byte)(Value >> (8 * (Length - 1 - i)));
    }

    /// <summary>The six octets in transmission order.</summary>
    public byte[] ToBytes()
    {
        byte[] octets = new byte[Length];
        CopyTo(octets);
        return octets;
    }

    /// <summary>True for group addresses, broadcast included.</summary>
    public bool IsMulticast => (Value >> 40 & 1) != 0;

    /// <inheritdoc/>
    public override string ToString() => string.Create(17, Value, static (text, value) =>
    {
        for (int i = 0; i < Length; i++)
        {
            byte octet = (byte)(value >> (8 * (Length - 1 - i)));
            octet.TryFormat(text[(i * 3)..], out _, "x2", CultureInfo.InvariantCulture);
            if (i < Length - 1)
                text[i * 3 + 2] = ':';
        }
    });

    /// <summary>Reads <c>aa:bb:cc:dd:ee:ff</c>.</summary>
    public static MacAddress Parse(string text) => Parse(text.AsSpan(), null);

    /// <inheritdoc cref="Parse(string)"/>
    public static MacAddress Parse(string s, IFormatProvider? provider) => Parse(s.AsSpan(), provider);

    /// <inheritdoc cref="Parse(string)"/>
    public static MacAddress Parse(ReadOnlySpan<char> s, IFormatProvider? provider) =>
        TryParse(s, provider, out MacAddress result) ? result : throw new FormatException($"'{s}' is not an Ethernet address like 02:00:5e:10:00:01");

    /// <inheritdoc cref="Parse(string)"/>
    public static bool TryParse(string? s, IFormatProvider? provider, out MacAddress result) => TryParse(s.AsSpan(), provider, out result);

    /// <inheritdoc cref="Parse(string)"/>
    public static bool TryParse(ReadOnlySpan<char> s, IFormatProvider? provider, out MacAddress result)
    {
        result = default;
        if (s.Length != 17)
            return false;
        ulong value = 0;
        for (int i = 0; i < Length; i++)
        {
            if ((i > 0 && s[i * 3 - 1] != ':') || !byte.TryParse(s.Slice(i * 3, 2), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out byte octet))
                return false;
            value = value << 8 | octet;
        }

        result = new MacAddress(value);
        return true;
    }
}
