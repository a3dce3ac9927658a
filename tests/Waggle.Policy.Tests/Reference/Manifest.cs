using System.Text.Json;
using System.Text.Json.Nodes;

namespace Waggle.Policy.Tests.Reference;

/// <summary>Writes the model's policies as the objects that people apply.</summary>
internal static class Manifest
{
    public static JsonElement Of(MPolicy policy)
    {
        var metadata = new JsonObject { ["name"] = policy.Name };
        if (policy.Kind != MKind.Clusterwide)
        {
            metadata["namespace"] = policy.Namespace;
        }

        if (policy.IsOnTrial)
        {
            metadata["annotations"] = new JsonObject { ["policy.waggle.io/mode"] = "audit" };
        }

        var document = new JsonObject { ["metadata"] = metadata };
        if (policy.Kind == MKind.Network)
        {
            document["spec"] = Network(policy);
        }
        else if (policy.Specs.Count == 1)
        {
            document["spec"] = Spec(policy.Specs[0]);
        }
        else
        {
            document["specs"] = Array(policy.Specs, Spec);
        }

        return JsonDocument.Parse(document.ToJsonString()).RootElement;
    }

    private static JsonObject Network(MPolicy policy)
    {
        var spec = new JsonObject { ["podSelector"] = Selector(policy.Pods) };
        if (policy.Types is not null)
        {
            spec["policyTypes"] = Array(policy.Types, Text);
        }

        foreach (bool isIngress in (bool[])[true, false])
        {
            List<MNetRule> rules = [.. policy.NetRules.Where(r => r.IsIngress == isIngress)];
            if (rules.Count > 0)
            {
                spec[isIngress ? "ingress" : "egress"] = Array(rules, r => Drop(new JsonObject
                {
                    [isIngress ? "from" : "to"] = r.Peers is null ? null : Array(r.Peers, p => Drop(new JsonObject
                    {
                        ["podSelector"] = p.Pods is null ? null : Selector(p.Pods),
                        ["namespaceSelector"] = p.Namespaces is null ? null : Selector(p.Namespaces),
                        ["ipBlock"] = p.Block is null ? null : new JsonObject { ["cidr"] = p.Block.Cidr, ["except"] = Array(p.Block.Except, Text) },
                    })),
                    ["ports"] = r.Ports is null ? null : Array(r.Ports, p => Drop(new JsonObject
                    {
                        ["protocol"] = p.Protocol,
                        ["port"] = p.Port is null ? null : int.TryParse(p.Port, out int number) ? number : p.Port,
                        ["endPort"] = p.EndPort,
                    })),
                }));
            }
        }

        return spec;
    }

    private static JsonObject Spec(MSpec spec)
    {
        var o = new JsonObject { [spec.IsNode ? "nodeSelector" : "endpointSelector"] = Selector(spec.Subject) };
        if (spec.DenyIngress is not null || spec.DenyEgress is not null)
        {
            o["enableDefaultDeny"] = Drop(new JsonObject { ["ingress"] = spec.DenyIngress, ["egress"] = spec.DenyEgress });
        }

        foreach (MSection section in spec.Sections)
        {
            string name = (section.IsIngress ? "ingress" : "egress") + (section.IsDeny ? "Deny" : "");
            o[name] ??= new JsonArray();
            ((JsonArray)o[name]!).Add((JsonNode)Section(section));
        }

        return o;
    }

    private static JsonObject Section(MSection s)
    {
        string way = s.IsIngress ? "from" : "to";
        return Drop(new JsonObject
        {
            [way + "Endpoints"] = s.Endpoints is null ? null : Array(s.Endpoints, Selector),
            [way + "Requires"] = s.Requires is null ? null : Array(s.Requires, Selector),
            [way + "Nodes"] = s.Nodes is null ? null : Array(s.Nodes, Selector),
            [way + "CIDR"] = s.Cidrs is null ? null : Array(s.Cidrs, Text),
            [way + "CIDRSet"] = s.CidrSet is null ? null : Array(s.CidrSet, c => Drop(new JsonObject { ["cidr"] = c.Cidr, ["cidrGroupRef"] = c.Group, ["except"] = Array(c.Except, Text) })),
            [way + "Entities"] = s.Entities is null ? null : Array(s.Entities, Text),
            [way + "Groups"] = s.HasGroups ? Array<int>([0], _ => new JsonObject { ["aws"] = new JsonObject { ["region"] = "x" } }) : null,
            ["toServices"] = s.Services is null ? null : Array(s.Services, v => v.Selector is null
                ? new JsonObject { ["k8sService"] = new JsonObject { ["serviceName"] = v.Name, ["namespace"] = v.Namespace } }
                : new JsonObject { ["k8sServiceSelector"] = new JsonObject { ["selector"] = Selector(v.Selector), ["namespace"] = v.Namespace } }),
            ["toFQDNs"] = s.HasFqdns ? Array<int>([0], _ => new JsonObject { ["matchName"] = "example.com" }) : null,
            ["toPorts"] = s.ToPorts is null ? null : Array(s.ToPorts, p =>
            {
                var entry = new JsonObject { ["ports"] = Array(p.Ports, x => Drop(new JsonObject { ["port"] = x.Port, ["endPort"] = x.EndPort, ["protocol"] = x.Protocol })) };
                if (p.L7 is not null)
                {
                    entry["rules"] = new JsonObject { [p.L7] = new JsonArray(new JsonObject()) };
                }

                return entry;
            }),
            ["icmps"] = s.Icmps is null ? null : Array(s.Icmps, f => new JsonObject
            {
                ["fields"] = Array(f, x => Drop(new JsonObject
                {
                    ["family"] = x.Family,
                    ["type"] = x.IsName ? x.Type : int.Parse(x.Type, System.Globalization.CultureInfo.InvariantCulture),
                })),
            }),
            ["authentication"] = s.Authentication is null ? null : new JsonObject { ["mode"] = s.Authentication },
        });
    }

    private static JsonObject Selector(MSelector selector)
    {
        var labels = new JsonObject();
        var expressions = new JsonArray();
        foreach (MCondition c in selector.Conditions)
        {
            if (c.Operator == "=")
            {
                labels[c.Key] = c.Values[0];
            }
            else
            {
                var expression = new JsonObject { ["key"] = c.Key, ["operator"] = c.Operator };
                if (c.Values.Length > 0)
                {
                    expression["values"] = Array(c.Values, Text);
                }

                expressions.Add((JsonNode)expression);
            }
        }

        var o = new JsonObject();
        if (labels.Count > 0)
        {
            o["matchLabels"] = labels;
        }

        if (expressions.Count > 0)
        {
            o["matchExpressions"] = expressions;
        }

        return o;
    }

    private static JsonNode Text(string text) => JsonValue.Create(text);

    private static JsonArray Array<T>(IEnumerable<T> items, Func<T, JsonNode> convert) => [.. items.Select(convert)];

    private static JsonObject Drop(JsonObject o)
    {
        foreach ((string name, JsonNode? value) in o.ToList())
        {
            if (value is null)
            {
                o.Remove(name);
            }
        }

        return o;
    }
}
