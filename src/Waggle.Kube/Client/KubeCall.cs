using System.Net.Http.Headers;

namespace Waggle.Kube.Client;

/// <summary>One request that can be made anew for each attempt.</summary>
/// <param name="Method">HTTP method.</param>
/// <param name="PathAndQuery">Relative to the server's base address.</param>
/// <param name="Idempotent">May be repeated though a former attempt might have been carried out.</param>
internal sealed record KubeCall(HttpMethod Method, string PathAndQuery, bool Idempotent)
{
    internal byte[]? Body { get; init; }

    internal string ContentType { get; init; } = "application/json";

    internal HttpRequestMessage ToRequest(Uri root)
    {
        var request = new HttpRequestMessage(Method, new Uri(root, PathAndQuery));
        if (Body is not null)
        {
            request.Content = new ByteArrayContent(Body);
            request.Content.Headers.ContentType = new MediaTypeHeaderValue(ContentType);
        }

        return request;
    }

    public override string ToString() => $"{Method} /{PathAndQuery}";
}

/// <summary>Builds a query string.</summary>
internal struct QueryBuilder(string path)
{
    private string _text = path;
    private bool _any = path.Contains('?', StringComparison.Ordinal);

    internal QueryBuilder Add(string name, string? value)
    {
        return string.IsNullOrEmpty(value) ? this : AddAlways(name, value);
    }

    /// <summary>Adds the parameter even when its value is empty.</summary>
    internal QueryBuilder AddAlways(string name, string value)
    {
        _text = $"{_text}{(_any ? '&' : '?')}{name}={Uri.EscapeDataString(value)}";
        _any = true;
        return this;
    }

    public override readonly string ToString() => _text;
}
