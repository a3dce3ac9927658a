using Waggle.Hubble.Flows;

namespace Waggle.Agent.Hubble;

/// <summary>Policies behind the numbers that events carry. The policy feature registers one; flows name rules from then on.</summary>
public interface IRuleNames
{
    /// <summary>The policies whose rule has this number; null: not known. Called for each flow that carries a number: quick, without allocation.</summary>
    IReadOnlyList<PolicyInfo>? Find(uint rule);
}
