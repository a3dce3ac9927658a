using Waggle.Policy.Rules;

namespace Waggle.Policy.Explain;

public enum LintSeverity
{
    /// <summary>Worth knowing.</summary>
    Info,

    /// <summary>Probably not what was meant.</summary>
    Warning,

    /// <summary>The policy is not applied.</summary>
    Error,
}

/// <summary>Something about a policy that its author should look at.</summary>
/// <param name="Code">Stable, e.g. <c>selects-nothing</c>.</param>
/// <param name="Severity">How bad.</param>
/// <param name="Policy">Which policy.</param>
/// <param name="Pointer">JSON pointer of the place.</param>
/// <param name="Message">What, and what to do.</param>
public sealed record LintFinding(string Code, LintSeverity Severity, PolicyKey Policy, string Pointer, string Message);
