using System.Net;
using System.Net.Sockets;

namespace Waggle.Agent.Multicast;

/// <summary>Which addresses may be multicast groups of the cluster.</summary>
public static class GroupAddress
{
    /// <summary>Reads a group address; <paramref name="problem"/> says why it is refused, as a part of a sentence: "is …".</summary>
    public static bool TryParse(string text, out IPAddress group, out string problem)
    {
        problem = "";
        if (!IPAddress.TryParse(text, out IPAddress? address) || !IsCanonical(text, address))
        {
            group = IPAddress.None;
            problem = "is not an IP address";
            return false;
        }

        group = address;
        problem = Check(address) ?? "";
        return problem.Length == 0;
    }

    /// <summary>Null for a usable group, or why it is not one.</summary>
    public static string? Check(IPAddress address)
    {
        Span<byte> bytes = stackalloc byte[16];
        address.TryWriteBytes(bytes, out int length);
        if (length == 4)
        {
            return (bytes[0] & 0xf0) != 0xe0 ? "is not a multicast address (224.0.0.0–239.255.255.255)"
                : bytes[0] == 224 && bytes[1] == 0 && bytes[2] == 0 ? "is link-local (224.0.0.0/24): such groups are never forwarded (RFC 5771)"
                : null;
        }

        if (address.IsIPv4MappedToIPv6)
        {
            return "is an IPv4 address in IPv6 form; write it as IPv4";
        }

        return bytes[0] != 0xff ? "is not a multicast address (ff00::/8)"
            : (bytes[1] & 0xf) <= 2 ? "has interface-local or link-local scope (ffx0–ffx2): such groups are never forwarded (RFC 4291)"
            : null;
    }

    // IPAddress.TryParse takes "1", "0x10.1" and octal forms, which people never mean, and scopes, which a group has not.
    private static bool IsCanonical(string text, IPAddress address) =>
        address.AddressFamily == AddressFamily.InterNetwork
            ? address.ToString() == text
            : !text.Contains('%', StringComparison.Ordinal) && !text.Contains('[', StringComparison.Ordinal);
}
