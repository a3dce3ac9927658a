using System.Globalization;
using System.Net;
using System.Text.RegularExpressions;

namespace Waggle.Lab.ApiServer;

/// <summary>The string formats that are checked; unknown formats are legal and ignored, as in OpenAPI.</summary>
internal static partial class Formats
{
    /// <summary>What is wrong with the text; null when it fits.</summary>
    public static string? Fault(string format, string text) => format switch
    {
        "date-time" or "datetime" => DateTime(text) ? null : "must be an RFC 3339 time, e.g. 2006-01-02T15:04:05Z",
        "date" => System.DateOnly.TryParseExact(text, "yyyy-MM-dd", CultureInfo.InvariantCulture, DateTimeStyles.None, out _) ? null : "must be a date, e.g. 2006-01-02",
        "byte" => Base64(text) ? null : "must be base64",
        "ipv4" => IPAddress.TryParse(text, out var v4) && v4.AddressFamily == System.Net.Sockets.AddressFamily.InterNetwork && v4.ToString() == text ? null : "must be a valid IPv4 address",
        "ipv6" => IPAddress.TryParse(text, out var v6) && v6.AddressFamily == System.Net.Sockets.AddressFamily.InterNetworkV6 ? null : "must be a valid IPv6 address",
        "ip" => IPAddress.TryParse(text, out _) ? null : "must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)",
        "cidr" => IsCidr(text) ? null : "must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)",
        "uuid" => Guid.TryParseExact(text, "D", out _) ? null : "must be a UUID",
        "uri" => Uri.TryCreate(text, UriKind.Absolute, out _) ? null : "must be an absolute URI",
        "mac" => Mac().IsMatch(text) ? null : "must be a MAC address, e.g. 02:00:00:00:00:01",
        "hostname" => Names.DnsSubdomain(text.ToLowerInvariant()) is null ? null : "must be a host name",
        "quantity" => Quantity().IsMatch(text) ? null : "must be a quantity, e.g. 500m, 1.5 or 64Mi (quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$')",
        "duration" => Duration().IsMatch(text) ? null : "must be a duration, e.g. 1h30m",
        _ => null,
    };

    public static bool IsCidr(string text)
    {
        var slash = text.IndexOf('/');
        // The platform's parser takes zones and short forms ("10/8" is 0.0.0.10/8 to it), which no prefix may have.
        return slash > 0 && !text.Contains('%') && IPAddress.TryParse(text.AsSpan(0, slash), out var ip)
            && (ip.AddressFamily != System.Net.Sockets.AddressFamily.InterNetwork || text.AsSpan(0, slash).Count('.') == 3)
            && int.TryParse(text.AsSpan(slash + 1), NumberStyles.None, CultureInfo.InvariantCulture, out var length)
            && length <= (ip.AddressFamily == System.Net.Sockets.AddressFamily.InterNetwork ? 32 : 128);
    }

    private static bool DateTime(string text) => Rfc3339().IsMatch(text) && DateTimeOffset.TryParse(text, CultureInfo.InvariantCulture, DateTimeStyles.None, out _);

    private static bool Base64(string text) => System.Buffers.Text.Base64.IsValid(text);

    [GeneratedRegex(@"^\d{4}-\d{2}-\d{2}[Tt]\d{2}:\d{2}:\d{2}(\.\d+)?([Zz]|[+-]\d{2}:\d{2})$")]
    private static partial Regex Rfc3339();

    [GeneratedRegex(@"^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+|n|u|m|k|M|G|T|P|E|Ki|Mi|Gi|Ti|Pi|Ei)?$")]
    private static partial Regex Quantity();

    [GeneratedRegex(@"^-?(\d+(\.\d+)?(ns|us|µs|ms|s|m|h))+$|^0$")]
    private static partial Regex Duration();

    [GeneratedRegex("^([0-9A-Fa-f]{2}[:-]){5}[0-9A-Fa-f]{2}$")]
    private static partial Regex Mac();
}
