using System.Text.Json.Nodes;

namespace Waggle.Lab.ApiServer;

/// <summary>Deployments, ReplicaSets, DaemonSets and StatefulSets: template defaults, and a selector that fits and stays.</summary>
internal sealed class WorkloadRules : KindRules
{
    public WorkloadRules() => HasGeneration = true;

    public override void PrepareCreate(JsonObject body, RuleContext context)
    {
        Defaults(body);
        // Tools read these before a controller has written any.
        if (J.Str(body, "kind") is "ReplicaSet" or "StatefulSet" && !context.Write.Trusted)
        {
            body["status"] = new JsonObject { ["replicas"] = J.Num(0) };
        }
        else if (!context.Write.Trusted)
        {
            body["status"] = new JsonObject();
        }
    }

    public override void PrepareUpdate(JsonObject body, JsonObject old, RuleContext context) => Defaults(body);

    public override void Validate(JsonObject body, JsonObject? old, FieldErrors errors, WriteContext context)
    {
        if (context.Subresource == "status")
        {
            return;
        }
        var spec = J.Obj(body, "spec")!;
        var selector = J.Obj(spec, "selector")!;
        SelectorRules.Validate(selector, "spec.selector", errors);
        if (selector.Count == 0 || !selector.Any(p => p.Value is JsonObject { Count: > 0 } or JsonArray { Count: > 0 }))
        {
            errors.Invalid("spec.selector", selector, "empty selector is invalid for this kind");
        }
        if (J.Obj(spec, "template") is { } template)
        {
            var labels = J.At(template, "metadata", "labels") as JsonObject;
            if (!SelectorRules.Matches(selector, labels))
            {
                errors.Invalid("spec.template.metadata.labels", labels ?? (JsonNode)new JsonObject(), "`selector` does not match template `labels`");
            }
            MetadataRules.Labels(labels, "spec.template.metadata.labels", errors);
            if (J.Obj(template, "spec") is { } pod)
            {
                PodSpecRules.Validate(pod, "spec.template.spec", errors);
                if (J.Str(pod, "restartPolicy") is { } policy and not "Always")
                {
                    errors.NotSupported("spec.template.spec.restartPolicy", policy, ["Always"]);
                }
            }
            else
            {
                errors.Required("spec.template.spec.containers");
            }
        }
        if (J.Str(J.Obj(spec, "strategy"), "type") == "Recreate" && J.At(spec, "strategy", "rollingUpdate") is not null)
        {
            errors.Forbidden("spec.strategy.rollingUpdate", "may not be specified when strategy `type` is 'Recreate'");
        }
        Immutable(body, old, errors, "field is immutable", "spec", "selector");
    }

    private static void Defaults(JsonObject body)
    {
        if (body["spec"] is not JsonObject spec)
        {
            return;
        }
        if (J.Obj(J.Obj(spec, "template"), "spec") is { } pod)
        {
            PodDefaults.Apply(pod);
            if (J.Str(pod, "serviceAccountName") is { Length: > 0 } account)
            {
                pod["serviceAccount"] = account;
            }
        }
        switch (J.Str(body, "kind"))
        {
            case "Deployment" when J.Str(J.Obj(spec, "strategy"), "type") is null or "RollingUpdate":
                var rolling = J.Ensure(J.Ensure(spec, "strategy"), "rollingUpdate");
                rolling["maxUnavailable"] ??= "25%";
                rolling["maxSurge"] ??= "25%";
                break;
            case "DaemonSet" when J.Str(J.Obj(spec, "updateStrategy"), "type") is null or "RollingUpdate":
                var update = J.Ensure(J.Ensure(spec, "updateStrategy"), "rollingUpdate");
                update["maxUnavailable"] ??= J.Num(1);
                update["maxSurge"] ??= J.Num(0);
                break;
        }
    }
}

/// <summary>metav1.LabelSelector: its rules, and whether it selects some labels.</summary>
internal static class SelectorRules
{
    public static void Validate(JsonObject? selector, string path, FieldErrors errors)
    {
        MetadataRules.Labels(J.Obj(selector, "matchLabels"), $"{path}.matchLabels", errors);
        foreach (var (i, expression) in (J.Arr(selector, "matchExpressions") ?? []).Index())
        {
            var values = J.Arr(expression, "values")?.Count ?? 0;
            switch (J.Str(expression, "operator"))
            {
                case "In" or "NotIn" when values == 0:
                    errors.Required($"{path}.matchExpressions[{i}].values", "must be specified when `operator` is 'In' or 'NotIn'");
                    break;
                case "Exists" or "DoesNotExist" when values > 0:
                    errors.Forbidden($"{path}.matchExpressions[{i}].values", "may not be specified when `operator` is 'Exists' or 'DoesNotExist'");
                    break;
            }
            if (J.Str(expression, "key") is { } key && Names.LabelKey(key) is { } fault)
            {
                errors.Invalid($"{path}.matchExpressions[{i}].key", key, fault);
            }
        }
    }

    public static bool Matches(JsonObject selector, JsonObject? labels)
    {
        foreach (var (key, value) in J.Obj(selector, "matchLabels") ?? [])
        {
            if (J.Str(labels, key) != J.Text(value))
            {
                return false;
            }
        }
        foreach (var expression in J.Arr(selector, "matchExpressions") ?? [])
        {
            var actual = J.Str(labels, J.Str(expression, "key") ?? "");
            var listed = actual is not null && (J.Arr(expression, "values") ?? []).Any(v => J.Text(v) == actual);
            var holds = J.Str(expression, "operator") switch
            {
                "In" => listed,
                "NotIn" => !listed,
                "Exists" => actual is not null,
                "DoesNotExist" => actual is null,
                _ => false,
            };
            if (!holds)
            {
                return false;
            }
        }
        return true;
    }
}
