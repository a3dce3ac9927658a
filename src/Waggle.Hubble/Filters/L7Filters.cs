using System.Globalization;
using Waggle.Hubble.Flows;
using Waggle.Hubble.Protocol.Flows;

namespace Waggle.Hubble.Filters;

/// <summary>Questions about L7 records and names learnt from DNS.</summary>
internal static class L7Filters
{
    public static FlowPredicate Fqdns(string field, IReadOnlyList<string> patterns, bool source)
    {
        var parsed = patterns.Select(p => p.Trim().TrimEnd('.') is { Length: > 0 } name ? SafeRegex.Glob(field, name, "[-.0-9a-z_]*")
            : throw new FilterException(field, "a name must not be empty")).ToArray();
        bool Any(IReadOnlyList<string> names) => names.Any(n => parsed.Any(p => SafeRegex.Matches(p, n)));
        var memo = new Memo<IReadOnlyList<string>>(Any);
        return source ? (in FlowRecord f) => f.SourceNames is { } n && memo.Ask(n) : (in FlowRecord f) => f.DestinationNames is { } n && memo.Ask(n);
    }

    public static FlowPredicate DnsQueries(string field, IReadOnlyList<string> patterns)
    {
        var parsed = patterns.Select(p => SafeRegex.Compile(field, p)).ToArray();
        return (in FlowRecord f) => f.L7?.Dns is { } dns && parsed.Any(p => SafeRegex.Matches(p, dns.Query));
    }

    public static FlowPredicate HttpStatus(string field, IReadOnlyList<string> codes)
    {
        var ranges = codes.Select(c =>
        {
            var open = c.EndsWith('+');
            var digits = open ? c[..^1] : c;
            var valid = digits.All(char.IsAsciiDigit) && digits.Length > 0 && digits[0] is >= '1' and <= '5' && (open ? digits.Length <= 2 : digits.Length == 3);
            if (!valid)
            {
                throw new FilterException(field, $"\"{c}\" is not a status code (404) or the start of some (4+, 50+)");
            }

            var scale = digits.Length switch { 1 => 100, 2 => 10, _ => 1 };
            var first = int.Parse(digits, CultureInfo.InvariantCulture) * scale;
            return (First: first, Last: first + scale - 1);
        }).ToArray();
        return (in FlowRecord f) =>
        {
            var code = f.L7?.Http?.Code ?? 0;
            return code != 0 && ranges.Any(r => code >= r.First && code <= r.Last);
        };
    }

    public static FlowPredicate HttpMethods(IReadOnlyList<string> methods) =>
        (in FlowRecord f) => f.L7?.Http is { Method.Length: > 0 } http && methods.Contains(http.Method, StringComparer.OrdinalIgnoreCase);

    public static FlowPredicate HttpUrls(string field, IReadOnlyList<string> patterns)
    {
        var parsed = patterns.Select(p => SafeRegex.Compile(field, p)).ToArray();
        return (in FlowRecord f) => f.L7?.Http is { Url.Length: > 0 } http && parsed.Any(p => SafeRegex.Matches(p, http.Url));
    }

    public static FlowPredicate HttpPaths(string field, IReadOnlyList<string> patterns)
    {
        var parsed = patterns.Select(p => SafeRegex.Compile(field, p)).ToArray();
        return (in FlowRecord f) =>
        {
            var path = f.L7?.Http is { Url.Length: > 0 } http ? PathOf(http.Url) : null;
            return path is not null && parsed.Any(p => SafeRegex.Matches(p, path));
        };
    }

    public static FlowPredicate HttpHeaders(IReadOnlyList<HTTPHeader> headers) =>
        (in FlowRecord f) => f.L7?.Http is { } http && http.Headers.Any(has => headers.Any(h => h.Key == has.Key && h.Value == has.Value));

    /// <summary>Path of an absolute URL or of a request target; null: neither.</summary>
    internal static string? PathOf(string url)
    {
        if (url[0] == '/')
        {
            var end = url.AsSpan().IndexOfAny('?', '#');
            return Uri.UnescapeDataString(end < 0 ? url : url[..end]);
        }

        return Uri.TryCreate(url, UriKind.Absolute, out var parsed) ? Uri.UnescapeDataString(parsed.AbsolutePath) : null;
    }
}
