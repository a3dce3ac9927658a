using System.Net;
using System.Net.Sockets;
using Waggle.Cli;

namespace Waggle.Commands.Bpf.Multicast;

/// <summary>Reads group addresses from the command line.</summary>
internal static class MulticastAddress
{
    /// <exception cref="CliException">Not an address, not multicast, or a group that never leaves a link.</exception>
    public static IPAddress Parse(string text)
    {
        // IPAddress takes "225" and "0x1" for addresses; people do not.
        if (!IPAddress.TryParse(text, out var address) || (address.AddressFamily == AddressFamily.InterNetwork && address.ToString() != text))
        {
            throw CliException.Usage($"\"{text}\" is not an IP address", "Write a multicast address such as 225.0.0.11 or ff15::11.");
        }

        var bytes = address.GetAddressBytes();
        var multicast = bytes.Length == 4 ? bytes[0] is >= 224 and <= 239 : bytes[0] == 0xff;
        if (!multicast)
        {
            throw CliException.Usage($"{text} is not a multicast address", "IPv4 groups are 224.0.0.0 to 239.255.255.255, IPv6 groups begin with ff.");
        }

        var linkLocal = bytes.Length == 4 ? bytes is [224, 0, 0, _] : (bytes[1] & 0x0f) <= 2;
        return linkLocal
            ? throw CliException.Usage($"{text} is link-local: it is never forwarded", "Choose a group outside 224.0.0.0/24 (IPv6: scope 3 or wider).")
            : address;
    }

    public static IPAddress ParseUnicast(string text) => IPAddress.TryParse(text, out var address) && (address.AddressFamily == AddressFamily.InterNetworkV6 || address.ToString() == text)
        ? address
        : throw CliException.Usage($"\"{text}\" is not an IP address");
}
