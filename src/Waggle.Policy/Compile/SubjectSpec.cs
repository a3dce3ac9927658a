using System.Collections.Immutable;
using Waggle.Policy.Labels;
using Waggle.Policy.Rules;

namespace Waggle.Policy.Compile;

/// <summary>What policy applies to: an identity, with the ports that its pods name.</summary>
public sealed record SubjectSpec
{
    public required uint Identity { get; init; }

    public required LabelSet Labels { get; init; }

    /// <summary>The named ports of its pods; pods of one identity whose names differ are subjects of their own.</summary>
    public ImmutableArray<NamedPort> Ports { get; init; } = [];

    /// <summary>True for the node itself: only rules with <c>nodeSelector</c> apply.</summary>
    public bool IsHost { get; init; }
}

/// <summary>A Service, as rules with <c>toServices</c> see it.</summary>
public sealed record PolicyService
{
    public required string Namespace { get; init; }

    public required string Name { get; init; }

    public required LabelSet Labels { get; init; }

    /// <summary>The pods it selects; null for a Service without a selector, whose <see cref="Backends"/> count.</summary>
    public ImmutableDictionary<string, string>? Selector { get; init; }

    /// <summary>Addresses of its endpoints.</summary>
    public ImmutableArray<System.Net.IPAddress> Backends { get; init; } = [];
}
