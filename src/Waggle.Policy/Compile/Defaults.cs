namespace Waggle.Policy.Compile;

/// <summary>What holds where no section matches.</summary>
/// <param name="DenyInForce">Default deny.</param>
/// <param name="Rule">The number of those who turned it on; 0 without.</param>
/// <param name="DenyInShadow">Default deny if policies on trial were in force.</param>
/// <param name="ShadowRule">The number of those who would turn it on.</param>
internal readonly record struct Defaults(bool DenyInForce, uint Rule, bool DenyInShadow, uint ShadowRule);
