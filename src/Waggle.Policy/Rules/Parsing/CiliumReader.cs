using System.Collections.Immutable;
using Waggle.Policy.Labels;
using Waggle.Policy.Selectors;

namespace Waggle.Policy.Rules.Parsing;

/// <summary>Reads the specs of CiliumNetworkPolicy and CiliumClusterwideNetworkPolicy.</summary>
internal static class CiliumReader
{
    private static readonly string[] s_ingress = ["fromEndpoints", "fromRequires", "fromNodes", "fromCIDR", "fromCIDRSet", "fromEntities", "fromGroups", "icmps", "toPorts"];
    private static readonly string[] s_egress = ["toEndpoints", "toRequires", "toNodes", "toCIDR", "toCIDRSet", "toEntities", "toGroups", "toServices", "icmps", "toPorts"];

    public static ImmutableArray<PolicyRule> Read(PolicyKey key, Field document)
    {
        var rules = ImmutableArray.CreateBuilder<PolicyRule>();
        List<Field>? specs = document["specs"].Items(1024);
        if (document["spec"].IsObject())
        {
            rules.Add(ReadSpec(key, document["spec"], 0));
        }

        foreach (Field spec in specs ?? [])
        {
            if (spec.IsObject())
            {
                rules.Add(ReadSpec(key, spec, rules.Count));
            }
            else if (!spec.Exists)
            {
                spec.Error("must be an object");
            }
        }

        if (!document["spec"].Exists && specs is not { Count: > 0 })
        {
            document["spec"].Error("spec or specs is required, and specs must not be empty");
        }

        return rules.DrainToImmutable();
    }

    private static PolicyRule ReadSpec(PolicyKey key, Field spec, int index)
    {
        spec.Only("description", "labels", "endpointSelector", "nodeSelector", "enableDefaultDeny", "ingress", "ingressDeny", "egress", "egressDeny");
        Field endpoint = spec["endpointSelector"], node = spec["nodeSelector"], deny = spec["enableDefaultDeny"];
        if (endpoint.Exists == node.Exists)
        {
            spec.Error(endpoint.Exists ? "endpointSelector and nodeSelector exclude each other" : "endpointSelector or nodeSelector is required");
        }
        else if (node.Exists && key.Kind != PolicyKind.CiliumClusterwideNetworkPolicy)
        {
            node.Error("is for clusterwide policies only");
        }

        List<Requirement> subject = SelectorReader.Requirements(node.Exists ? node : endpoint, Label.AnySource) ?? [];
        bool isInit = subject.Any(r => r.Source == Label.ReservedSource && r.Key == "init");
        if (key.Namespace.Length > 0)
        {
            Confine(subject, key.Namespace, endpoint);
        }

        var peers = new PeerReader(key.Namespace, isInit);
        var sections = ImmutableArray.CreateBuilder<RuleSection>();
        bool ingress = ReadList(spec, "ingress", Direction.Ingress, false, peers, sections) | ReadList(spec, "ingressDeny", Direction.Ingress, true, peers, sections);
        bool egress = ReadList(spec, "egress", Direction.Egress, false, peers, sections) | ReadList(spec, "egressDeny", Direction.Egress, true, peers, sections);
        _ = deny.IsObject();
        deny.Only("ingress", "egress");
        bool? denyIngress = deny["ingress"].Flag(), denyEgress = deny["egress"].Flag();
        return new PolicyRule
        {
            Index = index,
            Pointer = spec.Pointer,
            Subject = new Selector(subject),
            SelectsNodes = node.Exists,
            DeniesIngressByDefault = ingress && denyIngress != false,
            DeniesEgressByDefault = egress && denyEgress != false,
            WaivesIngressDeny = ingress && denyIngress == false,
            WaivesEgressDeny = egress && denyEgress == false,
            Sections = sections.DrainToImmutable(),
            Description = spec["description"].Text() ?? "",
            Labels = ReadLabels(spec["labels"]),
        };
    }

    /// <summary>A namespaced policy applies to its namespace, whatever its selector says.</summary>
    private static void Confine(List<Requirement> subject, string policyNamespace, Field field)
    {
        var confined = new Requirement(Label.KubernetesSource, WellKnownLabels.Namespace, SelectorOperator.In, policyNamespace);
        foreach (Requirement requirement in subject.Where(r => r.Key == WellKnownLabels.Namespace && r.ToString() != confined.ToString()).ToList())
        {
            if (requirement.Operator == SelectorOperator.In && requirement.Values.Length == 1 && requirement.Source == Label.KubernetesSource)
            {
                subject.Remove(requirement);
                field.Warn($"the policy applies to its own namespace {policyNamespace}; the namespace {requirement.Values[0]} in its selector is ignored");
            }
        }

        subject.Add(confined);
    }

    private static bool ReadList(Field spec, string name, Direction direction, bool isDeny, PeerReader peers, ImmutableArray<RuleSection>.Builder into)
    {
        List<Field> items = spec[name].Items() ?? [];
        foreach ((int index, Field item) in items.Index())
        {
            if (!item.IsObject())
            {
                if (!item.Exists)
                {
                    item.Error("must be an object");
                }

                continue;
            }

            ReadOnlySpan<string> known = direction == Direction.Ingress ? s_ingress : s_egress;
            item.Only(isDeny ? known : direction == Direction.Ingress ? [.. known, "authentication"] : [.. known, "authentication", "toFQDNs"]);
            ReadSection(item, index, direction, isDeny, peers, into);
        }

        return items.Count > 0;
    }

    private static void ReadSection(Field item, int index, Direction direction, bool isDeny, PeerReader peers, ImmutableArray<RuleSection>.Builder into)
    {
        PeerReader.Result who = peers.Read(item, direction, isDeny);
        PortReader.Ports ports = PortReader.Read(item, direction, isDeny);
        bool needsProof = !isDeny && NeedsAuthentication(item["authentication"]);
        var section = new RuleSection
        {
            Direction = direction,
            Effect = isDeny ? SectionEffect.Deny : needsProof ? SectionEffect.Unenforceable : SectionEffect.Allow,
            Index = index,
            Pointer = item.Pointer,
            // Neither peers nor ports: nothing is meant, only default deny.
            AllPeers = who.All && ports.Plain is not null,
            Peers = who.Peers,
            Requires = who.Requires,
            Ports = ports.Plain is { } plain ? [.. plain] : null,
        };
        if (ports.NeedProxy.Count == 0 || section.Ports is not { Length: 0 })
        {
            into.Add(section);
        }

        if (ports.NeedProxy.Count > 0)
        {
            into.Add(section with { Effect = SectionEffect.Unenforceable, Ports = [.. ports.NeedProxy], Requires = section.Ports is { Length: 0 } ? section.Requires : [] });
        }
    }

    private static bool NeedsAuthentication(Field field)
    {
        if (!field.IsObject())
        {
            return false;
        }

        field.Only("mode");
        string? mode = field["mode"].Text();
        if (mode is not ("disabled" or "required" or "test-always-fail"))
        {
            field["mode"].Error($"{ProblemList.Quote(mode)} is no mode; there are disabled, required and test-always-fail");
            return false;
        }

        if (mode == "required")
        {
            field.Warn("authentication is not implemented yet: the rule's traffic is refused unless another rule allows it without");
        }

        return mode != "disabled";
    }

    private static ImmutableArray<Label> ReadLabels(Field field)
    {
        var labels = ImmutableArray.CreateBuilder<Label>();
        foreach (Field item in field.Items(1024) ?? [])
        {
            if (!item.IsObject())
            {
                continue;
            }

            item.Only("key", "value", "source");
            if (item["key"].Text() is { Length: > 0 } key)
            {
                labels.Add(new Label(item["source"].Text() is { Length: > 0 } source ? source : "unspec", key, item["value"].Text() ?? ""));
            }
            else
            {
                item["key"].Error("is required");
            }
        }

        return labels.DrainToImmutable();
    }
}
