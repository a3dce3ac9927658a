using System.Text.Json.Serialization;

namespace Waggle.Kube.Resources;

/// <summary>A pod's volume; exactly one source is set.</summary>
public sealed record Volume
{
    public string Name { get; init; } = "";

    public EmptyDirVolumeSource? EmptyDir { get; init; }

    public HostPathVolumeSource? HostPath { get; init; }

    public ConfigMapVolumeSource? ConfigMap { get; init; }

    public SecretVolumeSource? Secret { get; init; }

    [JsonPropertyName("downwardAPI")]
    public DownwardApiVolumeSource? DownwardApi { get; init; }

    public ProjectedVolumeSource? Projected { get; init; }
}

public sealed record EmptyDirVolumeSource
{
    /// <summary>Empty, or <c>Memory</c> for a tmpfs.</summary>
    public string? Medium { get; init; }

    public string? SizeLimit { get; init; }
}

public sealed record HostPathVolumeSource
{
    public string Path { get; init; } = "";

    /// <summary>Empty, <c>DirectoryOrCreate</c>, <c>Directory</c>, <c>FileOrCreate</c>, <c>File</c>, <c>Socket</c>, …</summary>
    public string? Type { get; init; }
}

public sealed record ConfigMapVolumeSource
{
    public string Name { get; init; } = "";

    public IReadOnlyList<KeyToPath> Items { get => field ?? []; init; }

    public int? DefaultMode { get; init; }

    public bool? Optional { get; init; }
}

public sealed record SecretVolumeSource
{
    public string SecretName { get; init; } = "";

    public IReadOnlyList<KeyToPath> Items { get => field ?? []; init; }

    public int? DefaultMode { get; init; }

    public bool? Optional { get; init; }
}

public sealed record KeyToPath
{
    public string Key { get; init; } = "";

    public string Path { get; init; } = "";

    public int? Mode { get; init; }
}

public sealed record DownwardApiVolumeSource
{
    public IReadOnlyList<DownwardApiFile> Items { get => field ?? []; init; }

    public int? DefaultMode { get; init; }
}

public sealed record DownwardApiFile
{
    public string Path { get; init; } = "";

    public ObjectFieldSelector? FieldRef { get; init; }

    public ResourceFieldSelector? ResourceFieldRef { get; init; }

    public int? Mode { get; init; }
}

public sealed record ProjectedVolumeSource
{
    public IReadOnlyList<VolumeProjection> Sources { get => field ?? []; init; }

    public int? DefaultMode { get; init; }
}

public sealed record VolumeProjection
{
    public ServiceAccountTokenProjection? ServiceAccountToken { get; init; }

    public ConfigMapVolumeSource? ConfigMap { get; init; }

    public SecretProjection? Secret { get; init; }

    [JsonPropertyName("downwardAPI")]
    public DownwardApiVolumeSource? DownwardApi { get; init; }
}

public sealed record SecretProjection
{
    public string Name { get; init; } = "";

    public IReadOnlyList<KeyToPath> Items { get => field ?? []; init; }

    public bool? Optional { get; init; }
}

public sealed record ServiceAccountTokenProjection
{
    public string? Audience { get; init; }

    public long? ExpirationSeconds { get; init; }

    public string Path { get; init; } = "";
}
