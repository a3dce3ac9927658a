using Waggle.Policy.Rules;

namespace Waggle.Policy.Compile;

/// <summary>A section as one table sees it: peers as selectors, requirements folded in.</summary>
internal sealed class ResolvedSection
{
    public required OriginTable.Place Place { get; init; }

    public required SectionEffect Effect { get; init; }

    /// <summary>Counts for what is in force.</summary>
    public required bool IsInForce { get; init; }

    /// <summary>Counts for what would be in force with the policies on trial.</summary>
    public required bool IsInShadow { get; init; }

    /// <summary>Null: all traffic.</summary>
    public required PortMatch[]? Ports { get; init; }

    /// <summary>True: everybody, known or not.</summary>
    public required bool IsForAll { get; init; }

    /// <summary>Any of these; empty with <see cref="IsForAll"/>.</summary>
    public required PeerSelector[] Peers { get; init; }

    public bool NamesPorts => Ports is not null && Array.Exists(Ports, p => p.Name is not null);
}
