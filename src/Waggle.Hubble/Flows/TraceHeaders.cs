using Waggle.Hubble.Protocol.Flows;

namespace Waggle.Hubble.Flows;

/// <summary>The trace that a request says it belongs to: W3C Trace Context (<c>traceparent</c>) before B3 (<c>b3</c>, <c>X-B3-TraceId</c> with <c>X-B3-SpanId</c>).</summary>
public static class TraceHeaders
{
    /// <summary>Looks through a request's headers, which are text from the network and may be anything.</summary>
    /// <returns>The trace, 32 lower-case hexadecimal digits, and the span that made the request, 16 or null; null: none, or nothing that makes sense.</returns>
    public static (string Trace, string? Span)? Find(HTTP http)
    {
        string? parent = null, single = null, trace = null, span = null;
        foreach (HTTPHeader header in http.Headers)
        {
            switch (header.Key.ToLowerInvariant())
            {
                case "traceparent": parent = header.Value; break;
                case "b3": single = header.Value; break;
                case "x-b3-traceid": trace = header.Value; break;
                case "x-b3-spanid": span = header.Value; break;
            }
        }

        return Parent(parent) ?? Single(single) ?? Of(trace, span);
    }

    // version-trace-span-flags; later versions may append.
    private static (string, string?)? Parent(string? value) =>
        value?.Split('-') is [{ Length: 2 } version, { Length: 32 } trace, { Length: 16 } span, { Length: 2 }, ..] parts && version != "ff" && (version != "00" || parts.Length == 4) && IsHex(version) && IsId(span)
            ? Of(trace, span) : null;

    // trace-span, then whether it is sampled and the span's parent; "0" alone: there is no trace.
    private static (string, string?)? Single(string? value) => value?.Split('-') is [var trace, var span, ..] ? Of(trace, span) : null;

    // B3 knows traces of 64 bits too.
    private static (string, string?)? Of(string? trace, string? span) => trace is { Length: 16 or 32 } && IsId(trace)
        ? (trace.ToLowerInvariant().PadLeft(32, '0'), span is { Length: 16 } && IsId(span) ? span.ToLowerInvariant() : null) : null;

    private static bool IsId(string text) => IsHex(text) && text.AsSpan().ContainsAnyExcept('0');

    private static bool IsHex(string text) => text.All(char.IsAsciiHexDigit);
}
