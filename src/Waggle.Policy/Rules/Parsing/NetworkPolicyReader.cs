using System.Collections.Immutable;
using System.Text.Json;
using Waggle.Policy.Labels;
using Waggle.Policy.Selectors;

namespace Waggle.Policy.Rules.Parsing;

/// <summary>Reads Kubernetes' own NetworkPolicy (networking.k8s.io/v1).</summary>
internal static class NetworkPolicyReader
{
    public static ImmutableArray<PolicyRule> Read(PolicyKey key, Field document)
    {
        Field spec = document["spec"];
        if (!spec.IsObject())
        {
            if (!spec.Exists)
            {
                spec.Error("is required");
            }

            return [];
        }

        spec.Only("podSelector", "policyTypes", "ingress", "egress");
        List<Requirement> subject = SelectorReader.Requirements(spec["podSelector"], Label.KubernetesSource, takesSources: false) ?? [];
        subject.Add(Namespace(key.Namespace));
        (bool ingress, bool egress) = Types(spec);
        var sections = ImmutableArray.CreateBuilder<RuleSection>();
        ReadList(spec["ingress"], "from", Direction.Ingress, key.Namespace, ingress, sections);
        ReadList(spec["egress"], "to", Direction.Egress, key.Namespace, egress, sections);
        return
        [
            new PolicyRule
            {
                Index = 0,
                Pointer = spec.Pointer,
                Subject = new Selector(subject),
                DeniesIngressByDefault = ingress,
                DeniesEgressByDefault = egress,
                Sections = sections.DrainToImmutable(),
            },
        ];
    }

    private static Requirement Namespace(string name) => new(Label.KubernetesSource, WellKnownLabels.Namespace, SelectorOperator.In, name);

    private static (bool Ingress, bool Egress) Types(Field spec)
    {
        List<Field>? types = spec["policyTypes"].Items();
        if (types is not { Count: > 0 })
        {
            // Unset: ingress always, egress when there are rules for it.
            return (true, spec["egress"].Items() is { Count: > 0 });
        }

        if (types.Count > 2)
        {
            spec["policyTypes"].Error("may not have more than two entries");
        }

        bool ingress = false, egress = false;
        foreach (Field type in types)
        {
            string? name = type.Text();
            ingress |= name == "Ingress";
            egress |= name == "Egress";
            if (name is not ("Ingress" or "Egress"))
            {
                type.Error($"{ProblemList.Quote(name)} is no policy type; there are Ingress and Egress");
            }
        }

        return (ingress, egress);
    }

    private static void ReadList(Field list, string way, Direction direction, string policyNamespace, bool applies, ImmutableArray<RuleSection>.Builder into)
    {
        foreach ((int index, Field rule) in (list.Items() ?? []).Index())
        {
            if (!rule.IsObject())
            {
                if (!rule.Exists)
                {
                    rule.Error("must be an object");
                }

                continue;
            }

            rule.Only(way, "ports");
            List<Field> entries = rule[way].Items() ?? [], ports = rule["ports"].Items() ?? [];
            Peer[] peers = [.. entries.Select(e => ReadPeer(e, policyNamespace)).OfType<Peer>()];
            PortMatch[] matches = [.. ports.Select(ReadPort).OfType<PortMatch>()];
            if (applies)
            {
                into.Add(new RuleSection
                {
                    Direction = direction,
                    Index = index,
                    Pointer = rule.Pointer,
                    // Everybody, as endpoints by label: what other rules require of endpoints holds for them too.
                    Peers = entries.Count == 0 ? [new SelectorPeer(Selector.All)] : [.. peers],
                    Ports = ports.Count == 0 ? null : [.. matches],
                });
            }
        }

        if (!applies && list.Items() is { Count: > 0 })
        {
            list.Warn($"has no effect: policyTypes does not list {direction}");
        }
    }

    private static Peer? ReadPeer(Field field, string policyNamespace)
    {
        Field pods = field["podSelector"], namespaces = field["namespaceSelector"], block = field["ipBlock"];
        if (!field.IsObject() || (!pods.Exists && !namespaces.Exists && !block.Exists))
        {
            field.Error("must name a peer: podSelector, namespaceSelector or ipBlock");
            return null;
        }

        field.Only("podSelector", "namespaceSelector", "ipBlock");
        if (block.Exists)
        {
            if (pods.Exists || namespaces.Exists)
            {
                field.Error("ipBlock excludes podSelector and namespaceSelector");
            }

            if (!block.IsObject())
            {
                return null;
            }

            block.Only("cidr", "except");
            return CidrReader.Prefix(block["cidr"], needsLength: true) is { } prefix ? new CidrPeer(prefix, CidrReader.Except(block["except"], prefix, strictly: true)) : null;
        }

        List<Requirement> requirements = SelectorReader.Requirements(pods, Label.KubernetesSource, takesSources: false) ?? [];
        if (!namespaces.Exists)
        {
            requirements.Add(Namespace(policyNamespace));
            return new SelectorPeer(new Selector(requirements));
        }

        List<Requirement> where = SelectorReader.Requirements(namespaces, Label.KubernetesSource, WellKnownLabels.NamespaceLabelsPrefix, takesSources: false) ?? [];

        // Pods of any namespace, but pods: conditions that only rule out would else let everybody pass.
        requirements.Add(new Requirement(Label.KubernetesSource, WellKnownLabels.Namespace, SelectorOperator.Exists));
        return new SelectorPeer(new Selector(requirements.Concat(where)));
    }

    private static PortMatch? ReadPort(Field field)
    {
        if (!field.IsObject())
        {
            field.Error("must be an object");
            return null;
        }

        field.Only("protocol", "port", "endPort");
        IpProtocol protocol = field["protocol"].Exists ? PortReader.Protocol(field["protocol"], takesAny: false) ?? IpProtocol.Tcp : IpProtocol.Tcp;
        Field port = field["port"], end = field["endPort"];
        if (!port.Exists)
        {
            if (end.Exists)
            {
                end.Error("goes with a port only");
            }

            return PortMatch.All(protocol);
        }

        if (port.Kind == JsonValueKind.String)
        {
            string name = port.Text()!;
            if (!LabelSyntax.IsPortName(name) || name.Any(char.IsAsciiLetterUpper))
            {
                port.Error($"{ProblemList.Quote(name)} is no name of a port: at most 15 of a-z, 0-9 and '-', one a letter");
                return null;
            }

            if (end.Exists)
            {
                end.Error("goes with a port number only, not with a name");
            }

            return new PortMatch(protocol, 0, 0, name);
        }

        long? first = port.Number(), last = end.Number() ?? first;
        if (first is null or < 1 or > 65535)
        {
            port.Error($"{first} is no port number (1 to 65535)");
            return null;
        }

        if (last < first || last > 65535)
        {
            end.Error(last < first ? $"{last} is below the port {first}" : $"{last} is no port number (1 to 65535)");
            return null;
        }

        return new PortMatch(protocol, (ushort)first, (ushort)last!.Value);
    }
}
