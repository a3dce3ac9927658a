using System.Net;

namespace Waggle.Kube.Client;

/// <summary>The API server refused a request, or could not be reached (<see cref="StatusCode"/> is then 0).</summary>
public sealed class KubeApiException : Exception
{
    public KubeApiException(HttpStatusCode statusCode, KubeStatus? status, string request, Exception? inner = null)
        : base(Describe(statusCode, status, request, inner), inner)
    {
        StatusCode = statusCode;
        Status = status;
        Request = request;
    }

    public HttpStatusCode StatusCode { get; }

    /// <summary>The server's own words, when it answered with a Status object.</summary>
    public KubeStatus? Status { get; }

    /// <summary>Method and path.</summary>
    public string Request { get; }

    /// <summary>Machine-readable reason, e.g. <c>NotFound</c>, <c>AlreadyExists</c>, <c>Conflict</c>, <c>Invalid</c>, <c>Expired</c>.</summary>
    public string Reason => Status?.Reason ?? "";

    public bool IsNotFound => StatusCode == HttpStatusCode.NotFound;

    public bool IsAlreadyExists => StatusCode == HttpStatusCode.Conflict && Reason == "AlreadyExists";

    /// <summary>The object changed since it was read (or a field belongs to another manager).</summary>
    public bool IsConflict => StatusCode == HttpStatusCode.Conflict && Reason != "AlreadyExists";

    /// <summary>The resource version is too old to watch from: list again.</summary>
    public bool IsGone => StatusCode == HttpStatusCode.Gone;

    /// <summary>No answer at all: refused, reset or timed out.</summary>
    public bool IsUnreachable => StatusCode == 0;

    private static string Describe(HttpStatusCode code, KubeStatus? status, string request, Exception? inner) => code == 0
        ? $"{request}: the API server cannot be reached: {inner?.GetBaseException().Message ?? "no answer"}. Is it running, and is the kubeconfig's server address right?"
        : $"{request}: {(int)code} {status?.Reason ?? code.ToString()}: {status?.Message ?? "no message"}";
}

/// <summary>meta/v1 Status: how the server says that a request failed.</summary>
public sealed record KubeStatus
{
    public string? Status { get; init; }

    public string? Message { get; init; }

    public string? Reason { get; init; }

    public int? Code { get; init; }

    public KubeStatusDetails? Details { get; init; }
}

public sealed record KubeStatusDetails
{
    public string? Name { get; init; }

    public string? Group { get; init; }

    public string? Kind { get; init; }

    public string? Uid { get; init; }

    public IReadOnlyList<KubeStatusCause> Causes { get => field ?? []; init; }

    /// <summary>Wait this long before asking again.</summary>
    public int? RetryAfterSeconds { get; init; }
}

public sealed record KubeStatusCause
{
    public string? Reason { get; init; }

    public string? Message { get; init; }

    /// <summary>Path of the field, e.g. <c>spec.groupAddrs[0]</c>.</summary>
    public string? Field { get; init; }
}
