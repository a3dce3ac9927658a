using System.Net;
using System.Net.Sockets;
using System.Text.Json.Nodes;

namespace Waggle.Lab.ApiServer;

/// <summary>
/// <c>IsovalentMulticastGroup</c>: every entry of spec.groupAddrs is a multicast address that a router may forward,
/// so not 224.0.0.0/24 (RFC 5771 §4) and not of interface- or link-local scope (ff01::/16, ff02::/16, RFC 4291 §2.7).
/// </summary>
public sealed class MulticastGroupValidator : IAdmissionValidator
{
    public string Group => "isovalent.com";

    public string Kind => "IsovalentMulticastGroup";

    public void Validate(JsonObject current, JsonObject? previous, FieldErrors errors)
    {
        if ((current["spec"] as JsonObject)?["groupAddrs"] is not JsonArray addresses)
        {
            return;
        }
        var seen = new HashSet<IPAddress>();
        for (var i = 0; i < addresses.Count; i++)
        {
            var text = J.Text(addresses[i]);
            if (text is null)
            {
                continue;
            }
            var path = $"spec.groupAddrs[{i}]";
            if (Fault(text, out var address) is { } fault)
            {
                errors.Invalid(path, text, fault);
            }
            else if (!seen.Add(address!))
            {
                errors.Duplicate(path, text);
            }
        }
    }

    private static string? Fault(string text, out IPAddress? address)
    {
        // IPAddress.Parse also takes "225.1" and "0xe1000001": only the canonical dotted form is an IPv4 address here.
        if (!IPAddress.TryParse(text, out address) || text.Contains('%') || text.Contains('[') || (address.AddressFamily == AddressFamily.InterNetwork && address.ToString() != text))
        {
            return "must be an IPv4 or IPv6 multicast address, (e.g. 225.0.0.10 or ff15::10)";
        }
        Span<byte> bytes = stackalloc byte[16];
        address.TryWriteBytes(bytes, out var length);
        if (length == 4)
        {
            if (bytes[0] is < 224 or > 239)
            {
                return "must be a multicast address (224.0.1.0 to 239.255.255.255)";
            }
            return bytes[0] == 224 && bytes[1] == 0 && bytes[2] == 0 ? "must not be a link-local multicast address (224.0.0.0/24 is never forwarded)" : null;
        }
        if (bytes[0] != 0xff)
        {
            return "must be a multicast address (ff00::/8)";
        }
        return (bytes[1] & 0x0f) is 0 or 1 or 2 ? "must not be of interface-local or link-local scope (ff01::/16 and ff02::/16 are never forwarded)" : null;
    }
}
