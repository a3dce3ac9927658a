using System.Text;
using System.Text.Json.Nodes;

namespace Waggle.Lab.ApiServer;

/// <summary>Namespaces live until the namespace controller has emptied them.</summary>
internal sealed class NamespaceRules : KindRules
{
    public override string? NameFault(string name) => Names.DnsLabel(name);

    public override void PrepareCreate(JsonObject body, RuleContext context)
    {
        var metadata = (JsonObject)body["metadata"]!;
        if (J.Str(metadata, "name") is { Length: > 0 } name)
        {
            J.Ensure(metadata, "labels")["kubernetes.io/metadata.name"] = name;
        }
        J.Ensure(body, "spec")["finalizers"] = J.Strings(["kubernetes"]);
        body["status"] = new JsonObject { ["phase"] = "Active" };
    }

    public override void PrepareUpdate(JsonObject body, JsonObject old, RuleContext context)
    {
        if (context.Write.Subresource != "finalize")
        {
            J.Ensure(body, "spec")["finalizers"] = J.Clone(J.At(old, "spec", "finalizers")) ?? new JsonArray();
        }
        var metadata = (JsonObject)body["metadata"]!;
        J.Ensure(metadata, "labels")["kubernetes.io/metadata.name"] = J.Str(metadata, "name");
    }
}

/// <summary>Secrets: stringData is folded into data; the type stays.</summary>
internal sealed class SecretRules : KindRules
{
    public override void PrepareCreate(JsonObject body, RuleContext context) => Fold(body);

    public override void PrepareUpdate(JsonObject body, JsonObject old, RuleContext context) => Fold(body);

    public override void Validate(JsonObject body, JsonObject? old, FieldErrors errors, WriteContext context)
    {
        ConfigMapRules.Keys(J.Obj(body, "data"), "data", errors);
        Immutable(body, old, errors, "field is immutable", "type");
        ConfigMapRules.CheckImmutable(body, old, errors, "data");
    }

    private static void Fold(JsonObject body)
    {
        if (body["stringData"] is not JsonObject text)
        {
            return;
        }
        body.Remove("stringData");
        var data = J.Ensure(body, "data");
        foreach (var (key, value) in text)
        {
            data[key] = Convert.ToBase64String(Encoding.UTF8.GetBytes(J.Text(value) ?? ""));
        }
    }
}

internal sealed class ConfigMapRules : KindRules
{
    public override void Validate(JsonObject body, JsonObject? old, FieldErrors errors, WriteContext context)
    {
        Keys(J.Obj(body, "data"), "data", errors);
        Keys(J.Obj(body, "binaryData"), "binaryData", errors);
        CheckImmutable(body, old, errors, "data", "binaryData");
    }

    public static void CheckImmutable(JsonObject body, JsonObject? old, FieldErrors errors, params ReadOnlySpan<string> fields)
    {
        if (J.Bool(old?["immutable"]) != true)
        {
            return;
        }
        if (J.Bool(body["immutable"]) != true)
        {
            errors.Forbidden("immutable", "field is immutable when `immutable` is set");
        }
        foreach (var field in fields)
        {
            if (!JsonNode.DeepEquals(body[field], old![field]))
            {
                errors.Forbidden(field, "field is immutable when `immutable` is set");
            }
        }
    }

    public static void Keys(JsonObject? data, string path, FieldErrors errors)
    {
        foreach (var (key, _) in data ?? [])
        {
            if (key.Length is 0 or > 253 || key is "." or ".." || !key.All(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '_' or '.'))
            {
                errors.Invalid($"{path}[{key}]", key, "a valid config key must consist of alphanumeric characters, '-', '_' or '.' (e.g. 'key.name',  or 'KEY_NAME',  or 'key-name', regex used for validation is '[-._a-zA-Z0-9]+')");
            }
        }
    }
}

/// <summary>Events may name objects of any namespace that fits; nothing else is checked, they must not get lost.</summary>
internal sealed class EventRules : KindRules
{
    public override string? NameFault(string name) => Names.PathSegment(name);
}

internal sealed class JobRules : KindRules
{
    public JobRules() => HasGeneration = true;

    public override void PrepareCreate(JsonObject body, RuleContext context)
    {
        if (body["spec"] is not JsonObject spec)
        {
            return;
        }
        spec["completions"] ??= J.Num(1);
        var metadata = (JsonObject)body["metadata"]!;
        var uid = J.Str(metadata, "uid")!;
        if (J.Bool(spec["manualSelector"]) != true && spec["template"] is JsonObject template)
        {
            var labels = J.Ensure(J.Ensure(template, "metadata"), "labels");
            labels["batch.kubernetes.io/controller-uid"] = uid;
            labels["controller-uid"] = uid;
            if (J.Str(metadata, "name") is { Length: > 0 } name)
            {
                labels["batch.kubernetes.io/job-name"] = name;
                labels["job-name"] = name;
            }
            spec["selector"] ??= new JsonObject { ["matchLabels"] = new JsonObject { ["batch.kubernetes.io/controller-uid"] = uid } };
        }
        if (J.Obj(J.Obj(spec, "template"), "spec") is { } pod)
        {
            PodDefaults.Apply(pod);
        }
        body["status"] = new JsonObject();
    }

    public override void Validate(JsonObject body, JsonObject? old, FieldErrors errors, WriteContext context)
    {
        if (J.At(body, "spec", "template", "spec") is JsonObject pod)
        {
            PodSpecRules.Validate(pod, "spec.template.spec", errors);
            if (J.Str(pod, "restartPolicy") == "Always")
            {
                errors.Required("spec.template.spec.restartPolicy", "valid values: \"OnFailure\", \"Never\"");
            }
        }
        Immutable(body, old, errors, "field is immutable", "spec", "selector");
        Immutable(body, old, errors, "field is immutable", "spec", "template");
    }
}
