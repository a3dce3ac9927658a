using System.Text.Json.Serialization;
using Waggle.Kube.Json;

namespace Waggle.Kube.Resources;

/// <summary>coordination.k8s.io/v1 Lease: a node's heartbeat or a leader's claim.</summary>
public sealed record Lease : KubeObject
{
    public LeaseSpec Spec { get => field ?? LeaseSpec.Empty; init; }
}

public sealed record LeaseSpec
{
    public static LeaseSpec Empty { get; } = new();

    public string? HolderIdentity { get; init; }

    public int? LeaseDurationSeconds { get; init; }

    [JsonConverter(typeof(MicroTimeConverter))]
    public DateTimeOffset? AcquireTime { get; init; }

    [JsonConverter(typeof(MicroTimeConverter))]
    public DateTimeOffset? RenewTime { get; init; }

    public int? LeaseTransitions { get; init; }
}
