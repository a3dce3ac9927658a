using System.Net;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Waggle.Lab.ApiServer;

/// <summary>NetworkPolicy of networking.k8s.io/v1: defaults of policyTypes, and what a schema cannot say about peers and ports.</summary>
internal sealed class NetworkPolicyRules : KindRules
{
    public NetworkPolicyRules() => HasGeneration = true;

    public override void PrepareCreate(JsonObject body, RuleContext context) => Defaults(body);

    public override void PrepareUpdate(JsonObject body, JsonObject old, RuleContext context) => Defaults(body);

    public override void Validate(JsonObject body, JsonObject? old, FieldErrors errors, WriteContext context)
    {
        var spec = J.Obj(body, "spec");
        SelectorRules.Validate(J.Obj(spec, "podSelector"), "spec.podSelector", errors);
        foreach (var (list, peers) in (ReadOnlySpan<(string, string)>)[("ingress", "from"), ("egress", "to")])
        {
            foreach (var (i, rule) in (J.Arr(spec, list) ?? []).Index())
            {
                foreach (var (p, port) in (J.Arr(rule, "ports") ?? []).Index())
                {
                    Port(port as JsonObject, $"spec.{list}[{i}].ports[{p}]", errors);
                }
                foreach (var (p, peer) in (J.Arr(rule, peers) ?? []).Index())
                {
                    Peer(peer as JsonObject, $"spec.{list}[{i}].{peers}[{p}]", errors);
                }
            }
        }
        Types(J.Arr(spec, "policyTypes") ?? [], errors);
    }

    private static void Types(JsonArray types, FieldErrors errors)
    {
        if (types.Count > 2)
        {
            errors.Invalid("spec.policyTypes", types, "may not specify more than two policyTypes");
            return;
        }
        foreach (var (i, type) in types.Index())
        {
            if (J.Text(type) is not ("Ingress" or "Egress"))
            {
                errors.NotSupported($"spec.policyTypes[{i}]", type, ["Ingress", "Egress"]);
            }
        }
    }

    private static void Port(JsonObject? port, string path, FieldErrors errors)
    {
        var (number, end) = (port?["port"], port?["endPort"]);
        if (number is null)
        {
            if (end is not null)
            {
                errors.Invalid($"{path}.endPort", end, "may not be specified when `port` is not specified");
            }
            return;
        }
        if (J.Kind(number) == JsonValueKind.String)
        {
            if (Names.PortName(J.Text(number)!) is { } fault)
            {
                errors.Invalid($"{path}.port", number, fault);
            }
            if (end is not null)
            {
                errors.Invalid($"{path}.endPort", end, "may not be specified when `port` is non-numeric");
            }
            return;
        }
        var first = J.Int(number);
        if (first is null or < 1 or > 65535)
        {
            errors.Invalid($"{path}.port", number, "must be between 1 and 65535, inclusive");
        }
        if (end is not null && J.Int(end) is { } last && last < first)
        {
            errors.Invalid($"{path}.endPort", end, "must be greater than or equal to `port`");
        }
    }

    private static void Peer(JsonObject? peer, string path, FieldErrors errors)
    {
        if (peer is null || !(peer["podSelector"] is not null || peer["namespaceSelector"] is not null || peer["ipBlock"] is not null))
        {
            errors.Required(path, "must specify a peer");
            return;
        }
        SelectorRules.Validate(J.Obj(peer, "podSelector"), $"{path}.podSelector", errors);
        SelectorRules.Validate(J.Obj(peer, "namespaceSelector"), $"{path}.namespaceSelector", errors);
        if (J.Obj(peer, "ipBlock") is not { } block)
        {
            return;
        }
        if (peer["podSelector"] is not null || peer["namespaceSelector"] is not null)
        {
            errors.Forbidden(path, "may not specify both ipBlock and another peer");
        }
        Block(block, $"{path}.ipBlock", errors);
    }

    private static void Block(JsonObject block, string path, FieldErrors errors)
    {
        const string malformed = "must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)";
        var text = J.Str(block, "cidr");
        if (string.IsNullOrEmpty(text))
        {
            errors.Required($"{path}.cidr");
            return;
        }
        var whole = Network(text);
        if (whole is null)
        {
            errors.Invalid($"{path}.cidr", text, malformed);
            return;
        }
        foreach (var (i, item) in (J.Arr(block, "except") ?? []).Index())
        {
            var part = Network(J.Text(item) ?? "");
            if (part is null)
            {
                errors.Invalid($"{path}.except[{i}]", item, malformed);
            }
            else if (!whole.Value.Contains(part.Value.BaseAddress) || part.Value.PrefixLength <= whole.Value.PrefixLength)
            {
                errors.Invalid($"{path}.except[{i}]", item, "must be a strict subset of `cidr`");
            }
        }
    }

    /// <summary>A prefix; host bits may be set, as in Kubernetes.</summary>
    private static IPNetwork? Network(string text)
    {
        if (!Formats.IsCidr(text))
        {
            return null;
        }
        var slash = text.IndexOf('/');
        var (address, length) = (IPAddress.Parse(text.AsSpan(0, slash)), int.Parse(text.AsSpan(slash + 1), System.Globalization.CultureInfo.InvariantCulture));
        var bytes = address.GetAddressBytes();
        for (var bit = length; bit < bytes.Length * 8; bit++)
        {
            bytes[bit / 8] &= (byte)~(0x80 >> (bit % 8));
        }
        return new IPNetwork(new IPAddress(bytes), length);
    }

    private static void Defaults(JsonObject body)
    {
        var spec = J.Ensure(body, "spec");
        spec["policyTypes"] ??= spec["egress"] is JsonArray { Count: > 0 } ? J.Strings(["Ingress", "Egress"]) : J.Strings(["Ingress"]);
        foreach (var (list, _) in (ReadOnlySpan<(string, string)>)[("ingress", "from"), ("egress", "to")])
        {
            foreach (var rule in J.Arr(spec, list) ?? [])
            {
                foreach (var port in J.Arr(rule, "ports") ?? [])
                {
                    if (port is JsonObject o)
                    {
                        o["protocol"] ??= "TCP";
                    }
                }
            }
        }
    }
}
