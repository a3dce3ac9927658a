using System.Text.Json;
using Waggle.Policy.Compile;
using Waggle.Policy.Labels;
using Waggle.Policy.Rules;

namespace Waggle.Bench.Policy;

/// <summary>Namespaces of 20 policies and 40 identities each: rules by label within the namespace, across namespaces by team, ports, some CIDRs and denies.</summary>
internal sealed class SyntheticCluster
{
    private const int PoliciesPerNamespace = 20;
    private const int Apps = 20;
    private readonly int _namespaces;

    public SyntheticCluster(int policies, int identities)
    {
        _namespaces = Math.Max(1, policies / PoliciesPerNamespace);
        Policies = [.. Enumerable.Range(0, policies).Select(i => Policy(i, 80))];
        Identities = [.. Enumerable.Range(0, identities).Select(i => ((uint)(1000 + i), Labels(i)))];
    }

    public ParsedPolicy[] Policies { get; }

    public (uint Id, LabelSet Labels)[] Identities { get; }

    /// <summary>The labels of the i-th identity; identities of one place in all namespaces differ in their namespace only.</summary>
    public LabelSet Labels(int i)
    {
        int ns = i % _namespaces, n = i / _namespaces;
        return LabelSet.Parse(
            $"k8s:app=app{n % Apps}", $"k8s:tier=t{n % 3}", $"k8s:version=v{n / Apps}", $"k8s:io.kubernetes.pod.namespace=ns{ns}",
            $"k8s:io.cilium.k8s.namespace.labels.team=team{ns % 25}", "k8s:io.cilium.k8s.policy.cluster=default");
    }

    /// <summary>The i-th policy, with a port of the caller's choice.</summary>
    public ParsedPolicy Policy(int i, int port) => PolicyParser.Parse(PolicyKind.CiliumNetworkPolicy, JsonDocument.Parse(Text(i, port)).RootElement);

    /// <summary>The same as its JSON.</summary>
    public string Text(int i, int port)
    {
        int ns = i % _namespaces, n = i / _namespaces;
        string peers = (n % 4) switch
        {
            0 => """{"toEndpoints":[{"matchLabels":{"app":"app1"}},{"matchLabels":{"k8s:io.kubernetes.pod.namespace":"ns0","app":"app2"}}]}""",
            1 => """{"toCIDRSet":[{"cidr":"10.0.0.0/8","except":["10.96.0.0/12"]}]}""",
            2 => """{"toEntities":["kube-apiserver","world"]}""",
            _ => """{"toEndpoints":[{}]}""",
        };
        return $$$"""
            {"metadata":{"name":"p{{{n}}}","namespace":"ns{{{ns}}}"},"spec":{"endpointSelector":{"matchLabels":{"app":"app{{{n % Apps}}}"}},
            "ingress":[{"fromEndpoints":[{"matchLabels":{"app":"app{{{(n + 1) % Apps}}}"}},{"matchLabels":{"k8s:io.cilium.k8s.namespace.labels.team":"team{{{ns % 25}}}","tier":"t1"}}],
            "toPorts":[{"ports":[{"port":"{{{port}}}","protocol":"TCP"},{"port":"{{{8000 + n}}}","endPort":{{{8100 + n}}},"protocol":"TCP"},{"port":"53","protocol":"UDP"}]}]}],
            "egress":[{{{peers}}}],"ingressDeny":[{"fromEndpoints":[{"matchLabels":{"version":"v9"}}]}]}}
            """;
    }

    /// <summary>An engine with all of it, and the first identities as subjects; not yet committed.</summary>
    public PolicyEngine Engine(int subjects)
    {
        var engine = new PolicyEngine(new PolicyEngineOptions { MaxPeers = int.MaxValue, MaxPorts = int.MaxValue });
        engine.UpsertIdentity(2, LabelSet.Parse("reserved:world"));
        engine.UpsertIdentity(7, LabelSet.Parse("reserved:remote-node", "reserved:kube-apiserver"));
        foreach ((uint id, LabelSet labels) in Identities)
        {
            engine.UpsertIdentity(id, labels);
        }

        foreach (ParsedPolicy policy in Policies)
        {
            engine.UpsertPolicy(policy);
        }

        for (int i = 0; i < subjects; i++)
        {
            engine.UpsertSubject((uint)i + 1, new SubjectSpec { Identity = Identities[i].Id, Labels = Identities[i].Labels });
        }

        return engine;
    }
}
