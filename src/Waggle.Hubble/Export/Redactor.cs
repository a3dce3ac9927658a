using Waggle.Hubble.Protocol.Flows;

namespace Waggle.Hubble.Export;

/// <summary>What must not be seen. The pipeline takes it out of every record of layer 7 before the record enters the ring.</summary>
/// <param name="UrlQuery">Cut queries and fragments off URLs.</param>
/// <param name="UserInfo">Hide passwords in URLs.</param>
/// <param name="AllowHeaders">Only these headers keep their values; names in any case.</param>
/// <param name="DenyHeaders">These headers lose their values. With neither list, all do.</param>
public sealed record RedactOptions(bool UrlQuery = false, bool UserInfo = true, bool KafkaApiKey = false, IReadOnlyCollection<string>? AllowHeaders = null, IReadOnlyCollection<string>? DenyHeaders = null);

/// <summary>Takes secrets out of records of layer 7.</summary>
public sealed class Redactor
{
    /// <summary>Stands where something was.</summary>
    public const string Mark = "HUBBLE_REDACTED";

    private readonly RedactOptions _options;
    private readonly HashSet<string> _allow, _deny;

    /// <exception cref="ArgumentException">Both lists of headers are given.</exception>
    public Redactor(RedactOptions options)
    {
        _options = options;
        _allow = new HashSet<string>(options.AllowHeaders ?? [], StringComparer.OrdinalIgnoreCase);
        _deny = new HashSet<string>(options.DenyHeaders ?? [], StringComparer.OrdinalIgnoreCase);
        if (_allow.Count > 0 && _deny.Count > 0)
        {
            throw new ArgumentException("hubble-redact-http-headers-allow and hubble-redact-http-headers-deny exclude each other: set one of them", nameof(options));
        }
    }

    /// <summary>The record without what must not be seen; the original is not changed.</summary>
    public Layer7 Redacted(Layer7 record)
    {
        var copy = record.Clone();
        Apply(copy);
        return copy;
    }

    /// <summary>Changes the record, which nobody else may have seen yet.</summary>
    public void Apply(Layer7 record)
    {
        if (record.Http is { } http)
        {
            http.Url = Url(http.Url);
            foreach (HTTPHeader header in http.Headers)
            {
                if (!Keeps(header.Key))
                {
                    header.Value = Mark;
                }
            }
        }

        if (_options.KafkaApiKey && record.Kafka is { ApiKey.Length: > 0 } kafka)
        {
            kafka.ApiKey = Mark;
        }
    }

    /// <summary>A URL without what must not be seen. It is text from the network and may be anything.</summary>
    public string Url(string url)
    {
        if (_options.UrlQuery)
        {
            int cut = url.AsSpan().IndexOfAny('?', '#');
            url = cut < 0 ? url : url[..cut];
        }

        int scheme = url.IndexOf("//", StringComparison.Ordinal);
        if (!_options.UserInfo || scheme < 0)
        {
            return url;
        }

        int start = scheme + 2, length = url.AsSpan(start).IndexOfAny("/?#");
        string authority = length < 0 ? url[start..] : url.Substring(start, length);
        int at = authority.LastIndexOf('@'), colon = authority.IndexOf(':', StringComparison.Ordinal);
        return at < 0 || colon < 0 || colon > at ? url : string.Concat(url.AsSpan(0, start), authority.AsSpan(0, colon + 1), Mark, url.AsSpan(start + at));
    }

    private bool Keeps(string header) => _allow.Count > 0 ? _allow.Contains(header) : _deny.Count > 0 && !_deny.Contains(header);
}
