using System.Collections.Immutable;
using Waggle.Policy.Rules;

namespace Waggle.Policy.Compile;

/// <summary>What kind of reason a rule number stands for.</summary>
public enum RuleOriginKind
{
    /// <summary>Sections of policies allow.</summary>
    Allow,

    /// <summary>Sections of policies deny.</summary>
    Deny,

    /// <summary>Sections allow on a condition that cannot be checked yet (L7 rules, authentication), so it is denied.</summary>
    Unenforceable,

    /// <summary>Nothing allows, and these policies turned default deny on (none: enforcement mode <c>always</c>).</summary>
    DefaultDeny,

    /// <summary>There were more reasons than counters; the verdict holds, its reason is not told apart.</summary>
    Unattributed,
}

/// <summary>One place in a policy.</summary>
/// <param name="Policy">The object.</param>
/// <param name="Rule">Index of its spec.</param>
/// <param name="Section">Index in the list of the section; -1 when it is about the spec as a whole (default deny).</param>
/// <param name="Pointer">JSON pointer in the object.</param>
public sealed record RulePlace(PolicyKey Policy, int Rule, int Section, string Pointer);

/// <summary>What a rule number stands for.</summary>
/// <param name="Number">The number, as in verdict events and counters.</param>
/// <param name="Kind">What kind of reason.</param>
/// <param name="Direction">Seen from the subject.</param>
/// <param name="Places">All that contribute, in the order of policy names.</param>
public sealed record RuleOrigin(uint Number, RuleOriginKind Kind, Direction Direction, ImmutableArray<RulePlace> Places)
{
    /// <summary>The policies, without duplicates.</summary>
    public IEnumerable<PolicyKey> Policies => Places.Select(p => p.Policy).Distinct();
}
