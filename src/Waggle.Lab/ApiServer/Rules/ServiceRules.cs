using System.Net;
using System.Text.Json.Nodes;

namespace Waggle.Lab.ApiServer;

/// <summary>Services: defaults, and the allocation of cluster addresses and node ports.</summary>
internal sealed class ServiceRules(ApiServerRuntime runtime) : KindRules
{
    public override string? NameFault(string name) => Names.Service(name);

    public override void PrepareCreate(JsonObject body, RuleContext context)
    {
        Defaults(body);
        if (!context.Write.Trusted)
        {
            body["status"] = new JsonObject { ["loadBalancer"] = new JsonObject() };
        }
    }

    public override void PrepareUpdate(JsonObject body, JsonObject old, RuleContext context)
    {
        Defaults(body);
        if (context.Write.Subresource is not null)
        {
            return;
        }
        var spec = J.Ensure(body, "spec");
        if (J.Str(spec, "type") == "ExternalName")
        {
            return;
        }
        // A manifest without the allocated values keeps them.
        var before = J.Obj(old, "spec");
        foreach (var field in (ReadOnlySpan<string>)["clusterIP", "clusterIPs", "ipFamilies", "ipFamilyPolicy"])
        {
            if (J.Str(before, "type") != "ExternalName" && (spec[field] is null || J.Text(spec[field]) == "") && before?[field] is { } value)
            {
                spec[field] = value.DeepClone();
            }
        }
        foreach (var port in J.Arr(spec, "ports") ?? [])
        {
            var same = (J.Arr(before, "ports") ?? []).FirstOrDefault(p => JsonNode.DeepEquals(p?["port"], port?["port"]) && J.Str(p, "protocol") == J.Str(port, "protocol"));
            if (NeedsNodePort(spec) && port is JsonObject map && map["nodePort"] is null && same?["nodePort"] is { } number)
            {
                map["nodePort"] = number.DeepClone();
            }
        }
    }

    public override void Validate(JsonObject body, JsonObject? old, FieldErrors errors, WriteContext context)
    {
        var spec = J.Obj(body, "spec") ?? [];
        var type = J.Str(spec, "type");
        var ports = J.Arr(spec, "ports") ?? [];
        if (ports.Count == 0 && type != "ExternalName" && J.Str(spec, "clusterIP") != "None")
        {
            errors.Required("spec.ports");
        }
        var names = new HashSet<string>();
        var numbers = new HashSet<(long?, string?)>();
        foreach (var (i, port) in ports.Index())
        {
            var name = J.Str(port, "name");
            if (string.IsNullOrEmpty(name) && ports.Count > 1)
            {
                errors.Required($"spec.ports[{i}].name");
            }
            else if (!string.IsNullOrEmpty(name))
            {
                if (Names.DnsLabel(name) is { } fault)
                {
                    errors.Invalid($"spec.ports[{i}].name", name, fault);
                }
                else if (!names.Add(name))
                {
                    errors.Duplicate($"spec.ports[{i}].name", name);
                }
            }
            if (!numbers.Add((J.Int(port?["port"]), J.Str(port, "protocol"))))
            {
                errors.Duplicate($"spec.ports[{i}]", port);
            }
            if (port?["targetPort"] is { } target && J.Int(target) is { } number && number is < 1 or > 65535)
            {
                errors.Invalid($"spec.ports[{i}].targetPort", target, "must be between 1 and 65535, inclusive");
            }
        }
        MetadataRules.Labels(J.Obj(spec, "selector"), "spec.selector", errors);
        if (type == "ExternalName" && string.IsNullOrEmpty(J.Str(spec, "externalName")))
        {
            errors.Required("spec.externalName");
        }
        foreach (var (i, ip) in (J.Arr(spec, "externalIPs") ?? []).Index())
        {
            if (!IPAddress.TryParse(J.Text(ip), out _))
            {
                errors.Invalid($"spec.externalIPs[{i}]", ip, "must be a valid IP address");
            }
        }
        if (old is not null && type != "ExternalName" && J.Str(J.Obj(old, "spec"), "type") != "ExternalName" && J.Str(J.Obj(old, "spec"), "clusterIP") is { Length: > 0 } address && address != J.Str(spec, "clusterIP"))
        {
            errors.Invalid("spec.clusterIPs[0]", spec["clusterIPs"], "may not change once set");
        }
    }

    public override void Reserve(JsonObject body, JsonObject? old, RuleContext context)
    {
        if (context.Write.Subresource is null)
        {
            runtime.Services.Allocate(context.Write.Resource, body);
        }
    }

    public static bool NeedsNodePort(JsonObject spec) =>
        J.Str(spec, "type") is "NodePort" || (J.Str(spec, "type") is "LoadBalancer" && J.Bool(spec["allocateLoadBalancerNodePorts"]) != false);

    private static void Defaults(JsonObject body)
    {
        var spec = J.Ensure(body, "spec");
        var type = J.Str(spec, "type");
        foreach (var port in J.Arr(spec, "ports") ?? [])
        {
            if (port is JsonObject map && map["targetPort"] is null && J.Str(spec, "clusterIP") != "None")
            {
                map["targetPort"] = J.Clone(map["port"]);
            }
        }
        if (type is "ExternalName")
        {
            return;
        }
        spec["internalTrafficPolicy"] ??= "Cluster";
        if (type is "NodePort" or "LoadBalancer")
        {
            spec["externalTrafficPolicy"] ??= "Cluster";
        }
        if (type is "LoadBalancer")
        {
            spec["allocateLoadBalancerNodePorts"] ??= true;
        }
        if (J.Str(spec, "sessionAffinity") == "ClientIP")
        {
            J.Ensure(J.Ensure(spec, "sessionAffinityConfig"), "clientIP")["timeoutSeconds"] ??= J.Num(10800);
        }
    }
}
