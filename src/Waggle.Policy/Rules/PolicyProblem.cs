namespace Waggle.Policy.Rules;

/// <summary>What is wrong with a field of a policy.</summary>
/// <param name="Path">As Kubernetes writes fields: <c>spec.ingress[0].fromCIDR[1]</c>.</param>
/// <param name="Pointer">The same as a JSON pointer (RFC 6901), by which the line of the YAML is found.</param>
/// <param name="Message">What is wrong and what would be right.</param>
public sealed record PolicyProblem(string Path, string Pointer, string Message)
{
    public override string ToString() => $"{Path}: {Message}";
}
