using System.Text.Json;

namespace Waggle.Policy.Rules;

/// <summary>Reads policy objects. Never throws on what an object says: faults are <see cref="ParsedPolicy.Errors"/>.</summary>
public static partial class PolicyParser
{
    /// <summary>The annotation that puts a policy on trial, with the value <see cref="TrialMode"/>.</summary>
    public const string ModeAnnotation = "policy.waggle.io/mode";

    /// <summary>Evaluated, shown beside the verdict, not enforced.</summary>
    public const string TrialMode = "audit";

    /// <summary>Reads a whole object: <c>metadata</c> and <c>spec</c> or <c>specs</c>.</summary>
    /// <param name="kind">What it is.</param>
    /// <param name="document">The object as the API gives it.</param>
    public static ParsedPolicy Parse(PolicyKind kind, JsonElement document) => throw new NotImplementedException();

    /// <summary>Reads the prefixes of a <c>CiliumCIDRGroup</c>; with errors it has none.</summary>
    public static ParsedCidrGroup ParseCidrGroup(JsonElement document) => throw new NotImplementedException();

    /// <summary>The kind an object says it is; null when it holds no policy.</summary>
    /// <param name="apiVersion">E.g. <c>cilium.io/v2</c>.</param>
    /// <param name="kind">E.g. <c>CiliumNetworkPolicy</c>.</param>
    public static PolicyKind? KindOf(string? apiVersion, string? kind) => (apiVersion?.Split('/')[0], kind) switch
    {
        ("networking.k8s.io", nameof(PolicyKind.NetworkPolicy)) => PolicyKind.NetworkPolicy,
        ("cilium.io", nameof(PolicyKind.CiliumNetworkPolicy)) => PolicyKind.CiliumNetworkPolicy,
        ("cilium.io", nameof(PolicyKind.CiliumClusterwideNetworkPolicy)) => PolicyKind.CiliumClusterwideNetworkPolicy,
        _ => null,
    };
}
