using System.Text.Json;
using Waggle.Policy.Compile;
using Waggle.Policy.Labels;
using Waggle.Policy.Rules;

namespace Waggle.Policy.Tests;

/// <summary>Short ways to say policies and engines.</summary>
internal static class Policies
{
    public static ParsedPolicy Parse(PolicyKind kind, string spec, string name = "p", string annotations = "{}") => PolicyParser.Parse(
        kind, JsonDocument.Parse($$"""{"metadata":{"name":"{{name}}","namespace":"default","annotations":{{annotations}}},{{spec}}}""").RootElement);

    public static ParsedPolicy Cilium(string spec, string name = "p", string annotations = "{}")
    {
        ParsedPolicy policy = Parse(PolicyKind.CiliumNetworkPolicy, $"\"spec\":{spec}", name, annotations);
        Assert.True(policy.IsValid, string.Join('\n', policy.Errors));
        return policy;
    }

    public static LabelSet Pod(params string[] labels) => LabelSet.Parse([.. labels.Select(l => "k8s:" + l), "k8s:io.kubernetes.pod.namespace=default", "k8s:io.cilium.k8s.policy.cluster=default"]);

    /// <summary>An engine with pods 1000 + i, labelled <c>app=…</c>, each a subject i + 1, and the world.</summary>
    public static PolicyEngine Engine(PolicyEngineOptions options, params string[] apps)
    {
        var engine = new PolicyEngine(options);
        engine.UpsertIdentity(9, LabelSet.Parse("reserved:world", "reserved:world-ipv4"));
        foreach ((int i, string app) in apps.Index())
        {
            engine.UpsertIdentity((uint)(1000 + i), Pod($"app={app}"));
            engine.UpsertSubject((uint)i + 1, new SubjectSpec { Identity = (uint)(1000 + i), Labels = Pod($"app={app}") });
        }

        return engine;
    }
}
