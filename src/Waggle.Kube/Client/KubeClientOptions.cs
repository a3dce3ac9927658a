namespace Waggle.Kube.Client;

/// <summary>Behaviour of a <see cref="KubeClient"/>.</summary>
public sealed record KubeClientOptions
{
    /// <summary>Sent as User-Agent, e.g. <c>waggle-agent/0.1</c>.</summary>
    public string UserAgent { get; init; } = "waggle";

    /// <summary>Field manager of writes that name none.</summary>
    public string? FieldManager { get; init; }

    /// <summary>Longest wait for one answer, except for watches and exec.</summary>
    public TimeSpan RequestTimeout { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>Attempts after the first, for requests that may be repeated safely.</summary>
    public int Retries { get; init; } = 4;

    /// <summary>Wait before the first retry; doubles each time, with jitter.</summary>
    public TimeSpan RetryDelay { get; init; } = TimeSpan.FromMilliseconds(100);

    public TimeProvider Time { get; init; } = TimeProvider.System;
}
