using System.Collections.ObjectModel;

namespace Waggle.Kube.Resources;

/// <summary>Metadata of an object (Kubernetes <c>meta/v1 ObjectMeta</c>) without <c>managedFields</c>.</summary>
public sealed record ObjectMeta
{
    public static ObjectMeta Empty { get; } = new();

    public string? Name { get; init; }

    /// <summary>Prefix from which the server makes a name when <see cref="Name"/> is absent.</summary>
    public string? GenerateName { get; init; }

    public string? Namespace { get; init; }

    public string? Uid { get; init; }

    /// <summary>Opaque version for optimistic concurrency and watches.</summary>
    public string? ResourceVersion { get; init; }

    /// <summary>Counts changes of the desired state (spec).</summary>
    public long? Generation { get; init; }

    public DateTimeOffset? CreationTimestamp { get; init; }

    /// <summary>Set by the server when deletion was asked for and finalizers or a grace period hold the object back.</summary>
    public DateTimeOffset? DeletionTimestamp { get; init; }

    public long? DeletionGracePeriodSeconds { get; init; }

    public IReadOnlyDictionary<string, string> Labels { get => field ?? ReadOnlyDictionary<string, string>.Empty; init; }

    public IReadOnlyDictionary<string, string> Annotations { get => field ?? ReadOnlyDictionary<string, string>.Empty; init; }

    public IReadOnlyList<string> Finalizers { get => field ?? []; init; }

    public IReadOnlyList<OwnerReference> OwnerReferences { get => field ?? []; init; }

    /// <summary>The owner that manages this object, if one does.</summary>
    public OwnerReference? ControllerOwner()
    {
        foreach (var owner in OwnerReferences)
        {
            if (owner.Controller == true)
            {
                return owner;
            }
        }

        return null;
    }
}

/// <summary>Names an object that owns this one; when the owner goes, so does this one (unless orphaned).</summary>
public sealed record OwnerReference
{
    public string ApiVersion { get; init; } = "";

    public string Kind { get; init; } = "";

    public string Name { get; init; } = "";

    public string Uid { get; init; } = "";

    /// <summary>True for the one owner that manages the object.</summary>
    public bool? Controller { get; init; }

    /// <summary>A foreground deletion of the owner waits for this object.</summary>
    public bool? BlockOwnerDeletion { get; init; }
}

/// <summary>A reference to any object, as used by Events and bindings.</summary>
public sealed record ObjectReference
{
    public string? ApiVersion { get; init; }

    public string? Kind { get; init; }

    public string? Namespace { get; init; }

    public string? Name { get; init; }

    public string? Uid { get; init; }

    public string? ResourceVersion { get; init; }

    public string? FieldPath { get; init; }
}

/// <summary>A status condition; the union of the fields that the different kinds use.</summary>
public sealed record Condition
{
    public string Type { get; init; } = "";

    /// <summary><c>True</c>, <c>False</c> or <c>Unknown</c>.</summary>
    public string Status { get; init; } = "";

    public string? Reason { get; init; }

    public string? Message { get; init; }

    public DateTimeOffset? LastTransitionTime { get; init; }

    public DateTimeOffset? LastUpdateTime { get; init; }

    public DateTimeOffset? LastHeartbeatTime { get; init; }

    public DateTimeOffset? LastProbeTime { get; init; }

    public long? ObservedGeneration { get; init; }
}
