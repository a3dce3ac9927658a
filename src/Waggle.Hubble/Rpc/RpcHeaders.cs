using System.Globalization;
using System.Text;

namespace Waggle.Hubble.Rpc;

/// <summary>Header values of gRPC over HTTP/2.</summary>
internal static class RpcHeaders
{
    public const string ContentType = "application/grpc";
    public const string Status = "grpc-status";
    public const string Message = "grpc-message";
    public const string Timeout = "grpc-timeout";
    public const string EncodingName = "grpc-encoding";
    public const string AcceptEncoding = "grpc-accept-encoding";

    /// <summary>At most 8 digits and a unit.</summary>
    public static string FormatTimeout(TimeSpan timeout)
    {
        var ms = Math.Max(0, (long)Math.Ceiling(timeout.TotalMilliseconds));
        return ms <= 99_999_999 ? $"{ms.ToString(CultureInfo.InvariantCulture)}m"
            : $"{Math.Min(ms / 1000, 99_999_999).ToString(CultureInfo.InvariantCulture)}S";
    }

    /// <summary>Reads a timeout; false: malformed.</summary>
    public static bool TryParseTimeout(string text, out TimeSpan timeout)
    {
        timeout = default;
        if (text.Length is < 2 or > 9 || !long.TryParse(text.AsSpan(0, text.Length - 1), NumberStyles.None, CultureInfo.InvariantCulture, out var value))
        {
            return false;
        }

        double seconds = text[^1] switch { 'H' => 3600d * value, 'M' => 60d * value, 'S' => value, 'm' => value / 1e3, 'u' => value / 1e6, 'n' => value / 1e9, _ => -1 };
        // Timers cannot wait longer than some weeks; such a deadline is none.
        timeout = TimeSpan.FromSeconds(Math.Min(seconds, 20 * 86400));
        return seconds >= 0;
    }

    /// <summary>Percent-encoding of everything but printable ASCII, bounded.</summary>
    public static string EncodeMessage(string text)
    {
        var result = new StringBuilder();
        foreach (var b in Encoding.UTF8.GetBytes(text.Length > 4096 ? text[..4096] : text))
        {
            _ = b is >= 0x20 and <= 0x7e and not (byte)'%' ? result.Append((char)b) : result.Append('%').Append(b.ToString("X2", CultureInfo.InvariantCulture));
        }

        return result.ToString();
    }

    public static string DecodeMessage(string text) => Uri.UnescapeDataString(text);
}
