using System.Text.Json.Nodes;

namespace Waggle.Lab.ApiServer;

/// <summary>CustomResourceDefinitions: names, versions and schemas are checked; a good one is established at once.</summary>
internal sealed class CrdRules : KindRules
{
    public const string CleanupFinalizer = "customresourcecleanup.apiextensions.k8s.io";

    public CrdRules() => HasGeneration = true;

    public override void PrepareCreate(JsonObject body, RuleContext context)
    {
        Defaults(body);
        body["status"] = new JsonObject();
        Accept(body, context);
    }

    public override void PrepareUpdate(JsonObject body, JsonObject old, RuleContext context)
    {
        if (context.Write.Subresource == "status")
        {
            return;
        }
        Defaults(body);
        Accept(body, context);
    }

    public override void Validate(JsonObject body, JsonObject? old, FieldErrors errors, WriteContext context)
    {
        var spec = J.Obj(body, "spec")!;
        var names = J.Obj(spec, "names")!;
        var expected = $"{J.Str(names, "plural")}.{J.Str(spec, "group")}";
        if (J.Str(body["metadata"], "name") is { } name && name != expected)
        {
            errors.Invalid("metadata.name", name, $"must be spec.names.plural+\".\"+spec.group");
        }
        foreach (var (field, text) in (ReadOnlySpan<(string, string?)>)[("plural", J.Str(names, "plural")), ("singular", J.Str(names, "singular")), ("kind", J.Str(names, "kind")?.ToLowerInvariant()), ("listKind", J.Str(names, "listKind")?.ToLowerInvariant())])
        {
            if (text is not null && Names.Service(text) is { } fault)
            {
                errors.Invalid($"spec.names.{field}", names[field], fault);
            }
        }
        if (J.Str(spec, "group") is { } group && (Names.DnsSubdomain(group) ?? (group.Contains('.') ? null : "should be a domain with at least one dot")) is { } groupFault)
        {
            errors.Invalid("spec.group", group, groupFault);
        }
        Versions(J.Arr(spec, "versions")!, errors);
        Immutable(body, old, errors, "field is immutable", "spec", "group");
        Immutable(body, old, errors, "field is immutable", "spec", "names", "plural");
        Immutable(body, old, errors, "field is immutable", "spec", "names", "kind");
        Immutable(body, old, errors, "field is immutable", "spec", "scope");
    }

    private static void Versions(JsonArray versions, FieldErrors errors)
    {
        var storage = 0;
        var seen = new HashSet<string>();
        foreach (var (i, version) in versions.Index())
        {
            var name = J.Str(version, "name") ?? "";
            if (Names.Service(name) is { } fault)
            {
                errors.Invalid($"spec.versions[{i}].name", name, fault);
            }
            else if (!seen.Add(name))
            {
                errors.Duplicate($"spec.versions[{i}].name", name);
            }
            storage += J.Bool(version!["storage"]) == true ? 1 : 0;
            if (J.At(version, "schema", "openAPIV3Schema") is not JsonObject schema)
            {
                errors.Required($"spec.versions[{i}].schema.openAPIV3Schema", "schemas are required");
                continue;
            }
            CrdSchema.Read(schema, new Schema { Type = SchemaType.Object, PreserveUnknown = true }, errors, $"spec.versions[{i}].schema.openAPIV3Schema");
            foreach (var (c, column) in (J.Arr(version, "additionalPrinterColumns") ?? []).Index())
            {
                if (!JsonPath.TryParse(J.Str(column, "jsonPath") ?? "", out _))
                {
                    errors.Invalid($"spec.versions[{i}].additionalPrinterColumns[{c}].jsonPath", column?["jsonPath"], "must be a simple JSON path such as .spec.value or .status.conditions[?(@.type==\"Ready\")].status");
                }
            }
        }
        if (storage != 1)
        {
            errors.Invalid("spec.versions", versions.Count == 0 ? null : J.Strings(versions.Select(v => J.Str(v, "name") ?? "")), "must have exactly one version marked as storage version");
        }
    }

    private static void Defaults(JsonObject body)
    {
        if (J.Obj(body, "spec") is not { } spec || J.Obj(spec, "names") is not { } names)
        {
            return;
        }
        if (J.Str(names, "kind") is { Length: > 0 } kind)
        {
            names["listKind"] ??= kind + "List";
            names["singular"] ??= kind.ToLowerInvariant();
        }
        spec["conversion"] ??= new JsonObject { ["strategy"] = "None" };
        var finalizers = J.Arr(body["metadata"], "finalizers");
        if (finalizers is null)
        {
            ((JsonObject)body["metadata"]!)["finalizers"] = finalizers = [];
        }
        if (J.At(body, "metadata", "deletionTimestamp") is null && !finalizers.Any(f => J.Text(f) == CleanupFinalizer))
        {
            finalizers.Add((JsonNode)CleanupFinalizer);
        }
    }

    private static void Accept(JsonObject body, RuleContext context)
    {
        if (J.Obj(body, "spec") is not { } spec || J.Obj(spec, "names") is not { } names)
        {
            return;
        }
        var taken = context.Runtime.Surface.Resources.FirstOrDefault(r => r.Group == J.Str(spec, "group") && r.Plural != J.Str(names, "plural") && r.Kind == J.Str(names, "kind"));
        var status = J.Ensure(body, "status");
        var now = J.Time(context.Runtime.Options.Time.GetUtcNow());
        var good = taken is null;
        status["conditions"] = new JsonArray(
            Condition(status, "NamesAccepted", good, good ? "NoConflicts" : "KindConflict", good ? "no conflicts found" : $"\"{J.Str(names, "kind")}\" is already in use", now),
            Condition(status, "Established", good, good ? "InitialNamesAccepted" : "NotAccepted", good ? "the initial names have been accepted" : "not all names are accepted", now));
        if (good)
        {
            status["acceptedNames"] = names.DeepClone();
        }
        var stored = (J.Arr(status, "storedVersions") ?? []).Select(v => J.Text(v)!).ToList();
        if ((J.Arr(spec, "versions") ?? []).FirstOrDefault(v => J.Bool(v?["storage"]) == true) is { } storage && J.Str(storage, "name") is { } version && !stored.Contains(version))
        {
            stored.Add(version);
        }
        status["storedVersions"] = J.Strings(stored);
    }

    private static JsonObject Condition(JsonObject status, string type, bool holds, string reason, string message, string now)
    {
        var old = (J.Arr(status, "conditions") ?? []).FirstOrDefault(c => J.Str(c, "type") == type);
        var value = holds ? "True" : "False";
        return new JsonObject
        {
            ["type"] = type,
            ["status"] = value,
            ["lastTransitionTime"] = old is not null && J.Str(old, "status") == value ? J.Str(old, "lastTransitionTime") : now,
            ["reason"] = reason,
            ["message"] = message,
        };
    }
}
