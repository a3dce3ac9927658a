using System.Collections.Immutable;
using Waggle.Policy.Addresses;

namespace Waggle.Policy.Rules;

/// <summary>A <c>CiliumCIDRGroup</c>, read and checked.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Prefixes">Empty when there are errors.</param>
/// <param name="Errors">What is wrong with it.</param>
public sealed record ParsedCidrGroup(string Name, ImmutableArray<IpPrefix> Prefixes, ImmutableArray<PolicyProblem> Errors);
