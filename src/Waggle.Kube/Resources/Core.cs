using System.Collections.ObjectModel;

namespace Waggle.Kube.Resources;

/// <summary>core/v1 ConfigMap.</summary>
public sealed record ConfigMap : KubeObject
{
    public bool? Immutable { get; init; }

    public IReadOnlyDictionary<string, string> Data { get => field ?? ReadOnlyDictionary<string, string>.Empty; init; }

    /// <summary>Values in base64.</summary>
    public IReadOnlyDictionary<string, string> BinaryData { get => field ?? ReadOnlyDictionary<string, string>.Empty; init; }
}

/// <summary>core/v1 Secret. Never log one: the values are only base64.</summary>
public sealed record Secret : KubeObject
{
    public bool? Immutable { get; init; }

    public string? Type { get; init; }

    /// <summary>Values in base64.</summary>
    public IReadOnlyDictionary<string, string> Data { get => field ?? ReadOnlyDictionary<string, string>.Empty; init; }

    public IReadOnlyDictionary<string, string> StringData { get => field ?? ReadOnlyDictionary<string, string>.Empty; init; }

    /// <summary>Names the object only, so that an accidental log line shows no value.</summary>
    public override string ToString() => $"Secret {Key}";
}

/// <summary>core/v1 ServiceAccount.</summary>
public sealed record ServiceAccount : KubeObject
{
    public bool? AutomountServiceAccountToken { get; init; }
}

/// <summary>core/v1 Binding: puts a pod on a node through the pod's <c>binding</c> subresource.</summary>
public sealed record Binding : KubeObject
{
    public ObjectReference? Target { get; init; }
}

/// <summary>authentication.k8s.io/v1 TokenRequest, posted to a ServiceAccount's <c>token</c> subresource.</summary>
public sealed record TokenRequest : KubeObject
{
    public TokenRequestSpec Spec { get; init; } = new();

    public TokenRequestStatus? Status { get; init; }
}

public sealed record TokenRequestSpec
{
    public IReadOnlyList<string> Audiences { get => field ?? []; init; }

    public long? ExpirationSeconds { get; init; }

    public ObjectReference? BoundObjectRef { get; init; }
}

public sealed record TokenRequestStatus
{
    public string Token { get; init; } = "";

    public DateTimeOffset? ExpirationTimestamp { get; init; }

    /// <summary>Hides the token.</summary>
    public override string ToString() => $"TokenRequestStatus expiring {ExpirationTimestamp:O}";
}
