using System.Collections.ObjectModel;
using System.Text.Json.Serialization;

namespace Waggle.Kube.Resources;

public sealed record Container
{
    public string Name { get; init; } = "";

    public string? Image { get; init; }

    public string? ImagePullPolicy { get; init; }

    /// <summary>Replaces the image's entry point.</summary>
    public IReadOnlyList<string> Command { get => field ?? []; init; }

    public IReadOnlyList<string> Args { get => field ?? []; init; }

    public string? WorkingDir { get; init; }

    public IReadOnlyList<EnvVar> Env { get => field ?? []; init; }

    public IReadOnlyList<EnvFromSource> EnvFrom { get => field ?? []; init; }

    public IReadOnlyList<ContainerPort> Ports { get => field ?? []; init; }

    public IReadOnlyList<VolumeMount> VolumeMounts { get => field ?? []; init; }

    public ResourceRequirements? Resources { get; init; }

    public Probe? LivenessProbe { get; init; }

    public Probe? ReadinessProbe { get; init; }

    public Probe? StartupProbe { get; init; }

    public Lifecycle? Lifecycle { get; init; }

    public SecurityContext? SecurityContext { get; init; }

    /// <summary>Only for init containers: <c>Always</c> makes it a sidecar.</summary>
    public string? RestartPolicy { get; init; }

    public bool? Stdin { get; init; }

    public bool? StdinOnce { get; init; }

    public bool? Tty { get; init; }

    public string? TerminationMessagePath { get; init; }

    public string? TerminationMessagePolicy { get; init; }
}

public sealed record EnvVar
{
    public string Name { get; init; } = "";

    public string? Value { get; init; }

    public EnvVarSource? ValueFrom { get; init; }
}

public sealed record EnvVarSource
{
    public ObjectFieldSelector? FieldRef { get; init; }

    public ResourceFieldSelector? ResourceFieldRef { get; init; }

    public KeySelector? ConfigMapKeyRef { get; init; }

    public KeySelector? SecretKeyRef { get; init; }
}

public sealed record ObjectFieldSelector
{
    public string? ApiVersion { get; init; }

    public string FieldPath { get; init; } = "";
}

public sealed record ResourceFieldSelector
{
    public string? ContainerName { get; init; }

    public string Resource { get; init; } = "";

    public string? Divisor { get; init; }
}

/// <summary>A key of a ConfigMap or Secret.</summary>
public sealed record KeySelector
{
    public string Name { get; init; } = "";

    public string Key { get; init; } = "";

    public bool? Optional { get; init; }
}

public sealed record EnvFromSource
{
    public string? Prefix { get; init; }

    public OptionalNameRef? ConfigMapRef { get; init; }

    public OptionalNameRef? SecretRef { get; init; }
}

public sealed record OptionalNameRef
{
    public string Name { get; init; } = "";

    public bool? Optional { get; init; }
}

public sealed record ContainerPort
{
    public string? Name { get; init; }

    [JsonPropertyName("containerPort")]
    public int Port { get; init; }

    public int? HostPort { get; init; }

    [JsonPropertyName("hostIP")]
    public string? HostIp { get; init; }

    public string? Protocol { get; init; }
}

public sealed record VolumeMount
{
    public string Name { get; init; } = "";

    public string MountPath { get; init; } = "";

    public string? SubPath { get; init; }

    public string? SubPathExpr { get; init; }

    public bool? ReadOnly { get; init; }

    /// <summary><c>None</c>, <c>HostToContainer</c> or <c>Bidirectional</c>.</summary>
    public string? MountPropagation { get; init; }
}

public sealed record ResourceRequirements
{
    public IReadOnlyDictionary<string, string> Requests { get => field ?? ReadOnlyDictionary<string, string>.Empty; init; }

    public IReadOnlyDictionary<string, string> Limits { get => field ?? ReadOnlyDictionary<string, string>.Empty; init; }
}

public sealed record SecurityContext
{
    public bool? Privileged { get; init; }

    public bool? AllowPrivilegeEscalation { get; init; }

    public bool? ReadOnlyRootFilesystem { get; init; }

    public bool? RunAsNonRoot { get; init; }

    public long? RunAsUser { get; init; }

    public long? RunAsGroup { get; init; }

    public Capabilities? Capabilities { get; init; }
}

public sealed record Capabilities
{
    public IReadOnlyList<string> Add { get => field ?? []; init; }

    public IReadOnlyList<string> Drop { get => field ?? []; init; }
}
