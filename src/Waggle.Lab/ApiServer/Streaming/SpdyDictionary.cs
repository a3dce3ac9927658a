using System.Buffers.Binary;
using System.Text;

namespace Waggle.Lab.ApiServer;

/// <summary>The preset dictionary of SPDY/3 header compression (SPDY Protocol draft 3.1, section 2.6.10.1).</summary>
internal static class SpdyDictionary
{
    private static readonly string[] s_words =
    [
        "options", "head", "post", "put", "delete", "trace", "accept", "accept-charset", "accept-encoding", "accept-language", "accept-ranges",
        "age", "allow", "authorization", "cache-control", "connection", "content-base", "content-encoding", "content-language", "content-length",
        "content-location", "content-md5", "content-range", "content-type", "date", "etag", "expect", "expires", "from", "host", "if-match",
        "if-modified-since", "if-none-match", "if-range", "if-unmodified-since", "last-modified", "location", "max-forwards", "pragma",
        "proxy-authenticate", "proxy-authorization", "range", "referer", "retry-after", "server", "te", "trailer", "transfer-encoding", "upgrade",
        "user-agent", "vary", "via", "warning", "www-authenticate", "method", "get", "status", "200 OK", "version", "HTTP/1.1", "url", "public",
        "set-cookie", "keep-alive", "origin",
    ];

    private const string Tail =
        "100101201202205206300302303304305306307402405406407408409410411412413414415416417502504505"
        + "203 Non-Authoritative Information204 No Content301 Moved Permanently400 Bad Request401 Unauthorized403 Forbidden404 Not Found"
        + "500 Internal Server Error501 Not Implemented503 Service UnavailableJan Feb Mar Apr May Jun Jul Aug Sept Oct Nov Dec 00:00:00 "
        + "Mon, Tue, Wed, Thu, Fri, Sat, Sun, GMTchunked,text/html,image/png,image/jpg,image/gif,application/xml,application/xhtml+xml,"
        + "text/plain,text/javascript,publicprivatemax-age=gzip,deflate,sdchcharset=utf-8charset=iso-8859-1,utf-,*,enq=0.";

    public static byte[] Bytes { get; } = Build();

    /// <summary>What a zlib header names the dictionary by (RFC 1950 §2.2).</summary>
    public static uint Adler32 { get; } = Checksum(Bytes);

    private static byte[] Build()
    {
        var result = new List<byte>(1423);
        Span<byte> length = stackalloc byte[4];
        foreach (var word in s_words)
        {
            BinaryPrimitives.WriteInt32BigEndian(length, word.Length);
            result.AddRange(length);
            result.AddRange(Encoding.ASCII.GetBytes(word));
        }
        result.AddRange(Encoding.ASCII.GetBytes(Tail));
        return [.. result];
    }

    private static uint Checksum(ReadOnlySpan<byte> data)
    {
        uint a = 1, b = 0;
        foreach (var value in data)
        {
            a = (a + value) % 65521;
            b = (b + a) % 65521;
        }
        return (b << 16) | a;
    }
}
