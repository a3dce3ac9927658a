using System.Buffers.Binary;
using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Net;
using System.Net.Sockets;

namespace Waggle.Policy.Addresses;

/// <summary>A range of addresses of one family; bits behind the length are zero.</summary>
public readonly record struct IpPrefix : IComparable<IpPrefix>
{
    private IpPrefix(UInt128 bits, int length, bool isIPv4)
    {
        Bits = bits;
        Length = length;
        IsIPv4 = isIPv4;
    }

    /// <summary>Every IPv4 address.</summary>
    public static IpPrefix AllIPv4 { get; } = new(0, 0, true);

    /// <summary>Every IPv6 address.</summary>
    public static IpPrefix AllIPv6 { get; } = new(0, 0, false);

    /// <summary>0 … 32 or 0 … 128.</summary>
    public int Length { get; }

    public bool IsIPv4 { get; }

    /// <summary>The address, the first bit being the highest of the 128 (for IPv4 only the first 32 are used).</summary>
    internal UInt128 Bits { get; }

    /// <summary>Reads <c>10.0.0.0/8</c>, or a single address. Host bits are cut off.</summary>
    public static bool TryParse([NotNullWhen(true)] string? text, out IpPrefix prefix)
    {
        prefix = default;
        if (text is null || text.Length > 64)
        {
            return false;
        }

        int slash = text.IndexOf('/', StringComparison.Ordinal);
        ReadOnlySpan<char> address = slash < 0 ? text : text.AsSpan(0, slash);
        if (address.Contains('%') || !IPAddress.TryParse(address, out IPAddress? ip) || (ip.AddressFamily == AddressFamily.InterNetwork && address.Count('.') != 3))
        {
            return false;
        }

        int most = ip.AddressFamily == AddressFamily.InterNetwork ? 32 : 128, length = most;
        if (slash >= 0 && (!int.TryParse(text.AsSpan(slash + 1), NumberStyles.None, CultureInfo.InvariantCulture, out length) || length > most || (text.Length - slash > 2 && text[slash + 1] == '0')))
        {
            return false;
        }

        prefix = Of(ip, length);
        return true;
    }

    /// <summary>Reads a prefix as labels write it: IPv6 with <c>-</c> in place of <c>:</c>.</summary>
    public static bool TryParseLabel(string text, out IpPrefix prefix) => TryParse(text?.Replace('-', ':'), out prefix);

    /// <summary>The prefix of <paramref name="length"/> bits around an address; a v4-mapped address is IPv6.</summary>
    public static IpPrefix Of(IPAddress address, int length)
    {
        ArgumentNullException.ThrowIfNull(address);
        bool isIPv4 = address.AddressFamily == AddressFamily.InterNetwork;
        ArgumentOutOfRangeException.ThrowIfGreaterThan((uint)length, isIPv4 ? 32u : 128u);
        Span<byte> bytes = stackalloc byte[16];
        address.TryWriteBytes(bytes, out _);
        return new IpPrefix(Cut(BinaryPrimitives.ReadUInt128BigEndian(bytes), length), length, isIPv4);
    }

    /// <summary>The prefix that is only this address.</summary>
    public static IpPrefix Of(IPAddress address) => Of(address, address.AddressFamily == AddressFamily.InterNetwork ? 32 : 128);

    /// <summary>True when every address of <paramref name="other"/> is one of this prefix.</summary>
    public bool Contains(IpPrefix other) => IsIPv4 == other.IsIPv4 && Length <= other.Length && Cut(other.Bits, Length) == Bits;

    /// <summary>The prefix around this one that has <paramref name="length"/> bits.</summary>
    public IpPrefix Shorten(int length) => new(Cut(Bits, length), length, IsIPv4);

    public IPAddress Address
    {
        get
        {
            Span<byte> bytes = stackalloc byte[16];
            BinaryPrimitives.WriteUInt128BigEndian(bytes, Bits);
            return new IPAddress(IsIPv4 ? bytes[..4] : bytes);
        }
    }

    public int CompareTo(IpPrefix other)
    {
        int byFamily = other.IsIPv4.CompareTo(IsIPv4);
        int byBits = byFamily != 0 ? byFamily : Bits.CompareTo(other.Bits);
        return byBits != 0 ? byBits : Length.CompareTo(other.Length);
    }

    /// <summary>The label of source <c>cidr</c> that says an identity is within this prefix, e.g. <c>cidr:10.0.0.0/8</c>.</summary>
    /// <remarks>IPv6 is written with <c>-</c>, and with a zero where it would begin or end with one: labels may not.</remarks>
    public string ToLabel()
    {
        string address = Address.ToString().Replace(':', '-');
        return $"cidr:{(address[0] == '-' ? "0" : "")}{address}{(address[^1] == '-' ? "0" : "")}/{Length}";
    }


    public override string ToString() => $"{Address}/{Length}";

    private static UInt128 Cut(UInt128 bits, int length) => length == 0 ? 0 : bits & (UInt128.MaxValue << (128 - length));
}
