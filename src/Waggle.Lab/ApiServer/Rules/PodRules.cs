using System.Text.Json.Nodes;

namespace Waggle.Lab.ApiServer;

/// <summary>Pods: computed defaults, the phase at the start, and what may be changed later.</summary>
internal sealed class PodRules : KindRules
{
    public override void PrepareCreate(JsonObject body, RuleContext context)
    {
        var spec = J.Ensure(body, "spec");
        PodDefaults.Apply(spec);
        if (J.Str(spec, "serviceAccountName") is not { Length: > 0 })
        {
            spec["serviceAccountName"] = J.Str(spec, "serviceAccount") is { Length: > 0 } old ? old : "default";
        }
        spec["serviceAccount"] = J.Str(spec, "serviceAccountName");
        AddTolerations(spec);
        SetPriority(spec, context);
        var status = new JsonObject { ["phase"] = "Pending", ["qosClass"] = QosClass(spec) };
        if (context.Write.Trusted && body["status"] is JsonObject given)
        {
            status = (JsonObject)given.DeepClone();
        }
        body["status"] = status;
    }

    public override void PrepareUpdate(JsonObject body, JsonObject old, RuleContext context)
    {
        var spec = J.Ensure(body, "spec");
        PodDefaults.Apply(spec);
        if (context.Write.Subresource == "status" && body["status"] is JsonObject status)
        {
            status["qosClass"] ??= J.Clone(J.At(old, "status", "qosClass"));
        }
    }

    public override void Validate(JsonObject body, JsonObject? old, FieldErrors errors, WriteContext context)
    {
        if (old is null)
        {
            PodSpecRules.Validate(J.Obj(body, "spec")!, "spec", errors);
            return;
        }
        if (context.Subresource is "status" or "binding" or "ephemeralcontainers" || context.Trusted)
        {
            return;
        }
        CheckChanges(J.Obj(body, "spec")!, J.Obj(old, "spec")!, errors);
    }

    public override long GracePeriod(JsonObject body, long? asked)
    {
        // Nobody runs it: nobody has to stop it.
        if (J.At(body, "spec", "nodeName") is null || J.Text(J.At(body, "status", "phase")) is "Succeeded" or "Failed")
        {
            return 0;
        }
        return asked ?? J.Int(J.At(body, "spec", "terminationGracePeriodSeconds")) ?? 30;
    }

    private static void CheckChanges(JsonObject spec, JsonObject old, FieldErrors errors)
    {
        var copy = (JsonObject)spec.DeepClone();
        foreach (var list in (ReadOnlySpan<string>)["containers", "initContainers"])
        {
            var before = J.Arr(old, list) ?? [];
            foreach (var (i, container) in (J.Arr(copy, list) ?? []).Index())
            {
                if (container is JsonObject c && i < before.Count && before[i] is JsonObject b)
                {
                    c["image"] = J.Clone(b["image"]);
                    // resize in place: the runtime has no limits to change, the wish is kept.
                    if (b["resources"] is { } resources)
                    {
                        c["resources"] = resources.DeepClone();
                    }
                }
            }
        }
        foreach (var field in (ReadOnlySpan<string>)["activeDeadlineSeconds", "terminationGracePeriodSeconds", "schedulingGates"])
        {
            if (old[field] is { } value)
            {
                copy[field] = value.DeepClone();
            }
            else
            {
                copy.Remove(field);
            }
        }
        var had = (J.Arr(old, "tolerations") ?? []).ToList();
        if (had.All(t => (J.Arr(copy, "tolerations") ?? []).Any(n => JsonNode.DeepEquals(n, t))))
        {
            if (old["tolerations"] is { } tolerations)
            {
                copy["tolerations"] = tolerations.DeepClone();
            }
            else
            {
                copy.Remove("tolerations");
            }
        }
        if (!JsonNode.DeepEquals(copy, old))
        {
            errors.Forbidden("spec", "pod updates may not change fields other than `spec.containers[*].image`,`spec.initContainers[*].image`,`spec.activeDeadlineSeconds`,`spec.tolerations` (only additions to existing tolerations),`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was previously negative)");
        }
    }

    private static void AddTolerations(JsonObject spec)
    {
        var tolerations = J.Arr(spec, "tolerations");
        foreach (var key in (ReadOnlySpan<string>)["node.kubernetes.io/not-ready", "node.kubernetes.io/unreachable"])
        {
            var name = key;
            if ((tolerations ?? []).Any(t => (J.Str(t, "key") == name || string.IsNullOrEmpty(J.Str(t, "key"))) && J.Str(t, "effect") is null or "" or "NoExecute"))
            {
                continue;
            }
            if (tolerations is null)
            {
                spec["tolerations"] = tolerations = [];
            }
            tolerations.Add((JsonNode)new JsonObject { ["key"] = key, ["operator"] = "Exists", ["effect"] = "NoExecute", ["tolerationSeconds"] = J.Num(300) });
        }
    }

    private static void SetPriority(JsonObject spec, RuleContext context)
    {
        if (J.Str(spec, "priorityClassName") is { Length: > 0 } name)
        {
            var found = context.Runtime.Store.Head("priorityclasses.scheduling.k8s.io", name)
                ?? throw ApiException.Forbidden(context.Write.Resource, "", $"no PriorityClass with name {name} was found");
            spec["priority"] = J.Clone(found.Tree["value"]);
            spec["preemptionPolicy"] ??= J.Str(found.Tree, "preemptionPolicy") ?? "PreemptLowerPriority";
            return;
        }
        spec["priority"] ??= J.Num(0);
        spec["preemptionPolicy"] ??= "PreemptLowerPriority";
    }

    private static string QosClass(JsonObject spec)
    {
        bool any = false, all = true;
        foreach (var container in (J.Arr(spec, "containers") ?? []).Concat(J.Arr(spec, "initContainers") ?? []))
        {
            var limits = J.Obj(J.Obj(container, "resources"), "limits");
            var requests = J.Obj(J.Obj(container, "resources"), "requests");
            any |= limits is { Count: > 0 } || requests is { Count: > 0 };
            foreach (var resource in (ReadOnlySpan<string>)["cpu", "memory"])
            {
                all &= limits?[resource] is { } limit && (requests?[resource] is not { } request || JsonNode.DeepEquals(limit, request));
            }
        }
        return !any ? "BestEffort" : all ? "Guaranteed" : "Burstable";
    }
}
