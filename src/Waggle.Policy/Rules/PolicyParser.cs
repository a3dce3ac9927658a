using System.Collections.Immutable;
using System.Text.Json;
using Waggle.Policy.Addresses;
using Waggle.Policy.Rules.Parsing;

namespace Waggle.Policy.Rules;

/// <summary>Reads policy objects. Never throws on what an object says: faults are <see cref="ParsedPolicy.Errors"/>.</summary>
public static class PolicyParser
{
    /// <summary>The annotation that puts a policy on trial, with the value <see cref="TrialMode"/>.</summary>
    public const string ModeAnnotation = "policy.waggle.io/mode";

    /// <summary>Evaluated, shown beside the verdict, not enforced.</summary>
    public const string TrialMode = "audit";

    /// <summary>Reads a whole object: <c>metadata</c> and <c>spec</c> or <c>specs</c>.</summary>
    /// <param name="kind">What it is.</param>
    /// <param name="document">The object as the API gives it.</param>
    public static ParsedPolicy Parse(PolicyKind kind, JsonElement document)
    {
        var problems = new ProblemList();
        var root = new Field(document, "", "", problems);
        if (document.ValueKind != JsonValueKind.Object)
        {
            root.Error("the document is no object");
            return new ParsedPolicy { Key = new PolicyKey(kind, "", ""), Errors = problems.Errors };
        }

        root.Only("apiVersion", "kind", "metadata", "spec", "specs", "status");
        Field metadata = root["metadata"];
        string? name = metadata["name"].Text();
        if (name is null || !LabelSyntax.IsDnsName(name))
        {
            metadata["name"].Error(name is null ? "is required" : $"{ProblemList.Quote(name)} is no name: lower case letters, digits, '-' and '.'");
        }

        string @namespace = kind == PolicyKind.CiliumClusterwideNetworkPolicy ? "" : metadata["namespace"].Text() is { Length: > 0 } given ? given : "default";
        var key = new PolicyKey(kind, @namespace, name ?? "");
        string? mode = metadata["annotations"][ModeAnnotation].Text();
        if (mode is not (null or TrialMode or "enforce"))
        {
            metadata["annotations"][ModeAnnotation].Warn($"{ProblemList.Quote(mode)} is no mode, so the policy is enforced; there are audit and enforce");
        }

        if (kind == PolicyKind.NetworkPolicy && root["specs"].Exists)
        {
            root["specs"].Error("unknown field");
        }

        ImmutableArray<PolicyRule> rules = kind == PolicyKind.NetworkPolicy ? NetworkPolicyReader.Read(key, root) : CiliumReader.Read(key, root);
        return new ParsedPolicy
        {
            Key = key,
            Uid = metadata["uid"].Text() ?? "",
            Generation = metadata["generation"].Number() ?? 0,
            Rules = problems.Errors.IsEmpty ? rules : [],
            Errors = problems.Errors,
            Warnings = problems.Warnings,
            IsOnTrial = mode == TrialMode,
        };
    }

    /// <summary>Reads the prefixes of a <c>CiliumCIDRGroup</c>; with errors it has none.</summary>
    public static ParsedCidrGroup ParseCidrGroup(JsonElement document)
    {
        var problems = new ProblemList();
        var root = new Field(document, "", "", problems);
        string name = root["metadata"]["name"].Text() ?? "";
        var prefixes = ImmutableArray.CreateBuilder<IpPrefix>();
        if (root.IsObject() && root["spec"].IsObject())
        {
            root["spec"].Only("externalCIDRs");
            foreach (Field item in root["spec"]["externalCIDRs"].Items(65_536) ?? [])
            {
                if (CidrReader.Prefix(item, needsLength: false) is { } prefix)
                {
                    prefixes.Add(prefix);
                }
            }
        }
        else if (!root["spec"].Exists)
        {
            root["spec"].Error("is required");
        }

        return new ParsedCidrGroup(name, problems.Errors.IsEmpty ? [.. prefixes.Distinct().Order()] : [], problems.Errors);
    }

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
