using System.Collections.Immutable;
using Waggle.Policy.Compile;
using Waggle.Policy.Rules;

namespace Waggle.Policy.Explain;

/// <summary>One thing that was looked at.</summary>
/// <param name="Direction">Of which side: egress of the source, or ingress of the destination.</param>
/// <param name="Text">What was found, for people.</param>
/// <param name="Place">The section it is about; null for steps about none.</param>
/// <param name="Decides">True for what gave the verdict of its direction.</param>
public sealed record ExplanationStep(Direction Direction, string Text, RulePlace? Place, bool Decides);

/// <summary>How a verdict comes about.</summary>
/// <param name="Egress">Of the source; null when it is not a known subject.</param>
/// <param name="Ingress">Of the destination; null likewise.</param>
/// <param name="Steps">In the order in which things are looked at.</param>
public sealed record Explanation(Verdict? Egress, Verdict? Ingress, ImmutableArray<ExplanationStep> Steps)
{
    /// <summary>True when both sides let it pass.</summary>
    public bool IsAllowed => (Egress?.Decision.IsAllowed ?? true) && (Ingress?.Decision.IsAllowed ?? true);

    /// <summary>True when both sides would let it pass if policies on trial were in force.</summary>
    public bool IsAllowedWithTrials => (Egress?.Shadow.IsAllowed ?? true) && (Ingress?.Shadow.IsAllowed ?? true);
}
