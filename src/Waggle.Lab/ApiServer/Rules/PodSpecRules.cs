using System.Text.Json.Nodes;

namespace Waggle.Lab.ApiServer;

/// <summary>What must hold in a pod spec beyond its schema; also used for the templates of workloads.</summary>
internal static class PodSpecRules
{
    private static readonly HashSet<string> s_volumeCommon = ["name"];

    public static void Validate(JsonObject spec, string path, FieldErrors errors)
    {
        var volumes = Volumes(J.Arr(spec, "volumes"), $"{path}.volumes", errors);
        var names = new HashSet<string>();
        Containers(J.Arr(spec, "containers"), $"{path}.containers", names, volumes, errors);
        Containers(J.Arr(spec, "initContainers"), $"{path}.initContainers", names, volumes, errors);
        if (J.Bool(spec["hostNetwork"]) == true)
        {
            HostPorts(J.Arr(spec, "containers"), $"{path}.containers", errors);
        }
        if (J.Str(spec, "nodeName") is { Length: > 0 } node && Names.DnsSubdomain(node) is { } fault)
        {
            errors.Invalid($"{path}.nodeName", node, fault);
        }
        if (J.Str(spec, "hostname") is { Length: > 0 } host && Names.DnsLabel(host) is { } hostFault)
        {
            errors.Invalid($"{path}.hostname", host, hostFault);
        }
        MetadataRules.Labels(J.Obj(spec, "nodeSelector"), $"{path}.nodeSelector", errors);
        foreach (var (i, toleration) in (J.Arr(spec, "tolerations") ?? []).Index())
        {
            if (string.IsNullOrEmpty(J.Str(toleration, "key")) && J.Str(toleration, "operator") is not "Exists")
            {
                errors.Invalid($"{path}.tolerations[{i}].operator", J.Str(toleration, "operator") ?? "", "operator must be Exists when `key` is empty, which means \"match all values and all keys\"");
            }
            if (J.Str(toleration, "operator") == "Exists" && J.Str(toleration, "value") is { Length: > 0 } value)
            {
                errors.Invalid($"{path}.tolerations[{i}].operator", value, "value must be empty when `operator` is 'Exists'");
            }
        }
    }

    private static HashSet<string> Volumes(JsonArray? volumes, string path, FieldErrors errors)
    {
        var names = new HashSet<string>();
        foreach (var (i, item) in (volumes ?? []).Index())
        {
            if (item is not JsonObject volume)
            {
                continue;
            }
            var name = J.Str(volume, "name") ?? "";
            if (name.Length > 0 && Names.DnsLabel(name) is { } fault)
            {
                errors.Invalid($"{path}[{i}].name", name, fault);
            }
            names.Add(name);
            var sources = volume.Count(v => !s_volumeCommon.Contains(v.Key) && v.Value is not null);
            if (sources == 0)
            {
                errors.Required($"{path}[{i}]", "must specify a volume type");
            }
            else if (sources > 1)
            {
                errors.Forbidden($"{path}[{i}]", "may not specify more than 1 volume type");
            }
        }
        return names;
    }

    private static void Containers(JsonArray? containers, string path, HashSet<string> names, HashSet<string> volumes, FieldErrors errors)
    {
        foreach (var (i, item) in (containers ?? []).Index())
        {
            if (item is not JsonObject container)
            {
                continue;
            }
            var at = $"{path}[{i}]";
            var name = J.Str(container, "name") ?? "";
            if (name.Length == 0)
            {
                errors.Required($"{at}.name");
            }
            else if (Names.DnsLabel(name) is { } fault)
            {
                errors.Invalid($"{at}.name", name, fault);
            }
            else if (!names.Add(name))
            {
                errors.Duplicate($"{at}.name", name);
            }
            if (string.IsNullOrEmpty(J.Str(container, "image")))
            {
                errors.Required($"{at}.image");
            }
            else if (J.Str(container, "image") is { } image && image.Trim() != image)
            {
                errors.Invalid($"{at}.image", image, "must not have leading or trailing whitespace");
            }
            Ports(J.Arr(container, "ports"), $"{at}.ports", errors);
            Env(J.Arr(container, "env"), $"{at}.env", errors);
            foreach (var (m, mount) in (J.Arr(container, "volumeMounts") ?? []).Index())
            {
                if (J.Str(mount, "name") is { } volume && !volumes.Contains(volume))
                {
                    errors.NotFound($"{at}.volumeMounts[{m}].name", volume);
                }
            }
            foreach (var probe in (ReadOnlySpan<string>)["livenessProbe", "readinessProbe", "startupProbe"])
            {
                Probe(J.Obj(container, probe), $"{at}.{probe}", errors);
            }
        }
    }

    private static void Ports(JsonArray? ports, string path, FieldErrors errors)
    {
        var names = new HashSet<string>();
        foreach (var (i, port) in (ports ?? []).Index())
        {
            if (J.Str(port, "name") is not { Length: > 0 } name)
            {
                continue;
            }
            if (Names.PortName(name) is { } fault)
            {
                errors.Invalid($"{path}[{i}].name", name, fault);
            }
            else if (!names.Add(name))
            {
                errors.Duplicate($"{path}[{i}].name", name);
            }
        }
    }

    private static void Env(JsonArray? env, string path, FieldErrors errors)
    {
        foreach (var (i, variable) in (env ?? []).Index())
        {
            if (J.Str(variable, "name") is { } name && (name.Length == 0 || name.Contains('=')))
            {
                errors.Invalid($"{path}[{i}].name", name, "a valid environment variable name must not be empty or contain '='");
            }
            if (J.Obj(variable, "valueFrom") is { } from)
            {
                if (J.Str(variable, "value") is { Length: > 0 })
                {
                    errors.Invalid($"{path}[{i}].valueFrom", "", "may not be specified when `value` is not empty");
                }
                if (from.Count != 1)
                {
                    errors.Invalid($"{path}[{i}].valueFrom", "", "must specify exactly one of: `fieldRef`, `resourceFieldRef`, `configMapKeyRef` or `secretKeyRef`");
                }
            }
        }
    }

    private static void Probe(JsonObject? probe, string path, FieldErrors errors)
    {
        if (probe is null)
        {
            return;
        }
        var handlers = (ReadOnlySpan<string>)["exec", "httpGet", "tcpSocket", "grpc"];
        var count = 0;
        foreach (var handler in handlers)
        {
            count += probe[handler] is not null ? 1 : 0;
        }
        if (count == 0)
        {
            errors.Required(path, "must specify a handler type");
        }
        else if (count > 1)
        {
            errors.Forbidden(path, "may not specify more than 1 handler type");
        }
    }

    private static void HostPorts(JsonArray? containers, string path, FieldErrors errors)
    {
        foreach (var (i, container) in (containers ?? []).Index())
        {
            foreach (var (p, port) in (J.Arr(container, "ports") ?? []).Index())
            {
                if (port is JsonObject map && !JsonNode.DeepEquals(map["hostPort"], map["containerPort"]))
                {
                    errors.Invalid($"{path}[{i}].ports[{p}].hostPort", map["hostPort"], "must match `containerPort` when `hostNetwork` is true");
                }
            }
        }
    }
}
