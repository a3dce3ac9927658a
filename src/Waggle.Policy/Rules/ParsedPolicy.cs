using System.Collections.Immutable;

namespace Waggle.Policy.Rules;

/// <summary>A policy object, read and checked. With errors it has no rules: a policy is applied whole or not at all.</summary>
public sealed record ParsedPolicy
{
    public required PolicyKey Key { get; init; }

    public string Uid { get; init; } = "";

    public long Generation { get; init; }

    /// <summary>One per <c>spec</c> or entry of <c>specs</c>; empty when the policy is not valid.</summary>
    public ImmutableArray<PolicyRule> Rules { get; init; } = [];

    public ImmutableArray<PolicyProblem> Errors { get; init; } = [];

    /// <summary>Sections that are not implemented and therefore match nothing (allow) or everything they could (deny).</summary>
    public ImmutableArray<PolicyProblem> Warnings { get; init; } = [];

    /// <summary>Annotation <c>policy.waggle.io/mode: audit</c>: evaluated beside the policies in force, changes no verdict.</summary>
    public bool IsOnTrial { get; init; }

    /// <summary>Set by the program, never from an object: allows win over denies, and the policy turns no default deny on.</summary>
    public bool IsProtected { get; init; }

    /// <summary>See <see cref="Strict"/>.</summary>
    public bool IsStrict { get; private init; }

    public bool IsValid => Errors.IsEmpty;

    /// <summary>True when a rule applies to nodes themselves.</summary>
    public bool SelectsNodes => Rules.Any(r => r.SelectsNodes);

    /// <summary>True when a rule names Services.</summary>
    public bool UsesServices => Peers.Any(p => p is ServicePeer);

    /// <summary>True when a rule names nodes by label.</summary>
    public bool UsesNodes => Peers.Any(p => p is NodePeer);

    /// <summary>The CIDR groups that rules name.</summary>
    public IEnumerable<string> CidrGroups => Peers.OfType<CidrGroupPeer>().Select(p => p.Name).Distinct(StringComparer.Ordinal);

    /// <summary>The policy as if nothing in it said <c>enableDefaultDeny: false</c>: what configuration <c>enable-non-default-deny-policies: false</c> means.</summary>
    public ParsedPolicy Strict() => IsStrict || IsProtected || !Rules.Any(r => r.WaivesIngressDeny || r.WaivesEgressDeny) ? this : this with
    {
        IsStrict = true,
        Rules = [.. Rules.Select(r => r with { DeniesIngressByDefault = r.DeniesIngressByDefault || r.WaivesIngressDeny, DeniesEgressByDefault = r.DeniesEgressByDefault || r.WaivesEgressDeny })],
    };

    private IEnumerable<Peer> Peers => Rules.SelectMany(r => r.Sections).SelectMany(s => s.Peers);
}
