using System.Text.Json.Nodes;

namespace Waggle.Lab.ApiServer;

/// <summary>The rules for metadata of every kind.</summary>
internal static class MetadataRules
{
    private const int MaxAnnotationBytes = 256 * 1024;

    public static void Validate(JsonObject body, JsonObject? old, KindRules rules, FieldErrors errors)
    {
        if (body["metadata"] is not JsonObject metadata)
        {
            errors.Required("metadata");
            return;
        }
        var name = J.Str(metadata, "name");
        if (string.IsNullOrEmpty(name))
        {
            errors.Required("metadata.name", "name or generateName is required");
        }
        else if (old is null && rules.NameFault(name) is { } fault)
        {
            errors.Invalid("metadata.name", name, fault);
        }
        Labels(J.Obj(metadata, "labels"), "metadata.labels", errors);
        Annotations(J.Obj(metadata, "annotations"), errors);
        foreach (var (i, finalizer) in (J.Arr(metadata, "finalizers") ?? []).Index())
        {
            if (J.Text(finalizer) is { } text && Names.LabelKey(text) is { } problem)
            {
                errors.Invalid($"metadata.finalizers[{i}]", text, problem);
            }
        }
        Owners(J.Arr(metadata, "ownerReferences"), errors);
        if (old is not null && metadata["deletionTimestamp"] is not null)
        {
            var before = (J.At(old, "metadata", "finalizers") as JsonArray ?? []).Select(f => J.Text(f)).ToHashSet();
            var added = (J.Arr(metadata, "finalizers") ?? []).Select(f => J.Text(f)).Where(f => !before.Contains(f)).ToList();
            if (added.Count > 0)
            {
                errors.Forbidden("metadata.finalizers", $"no new finalizers can be added if the object is being deleted, found new finalizers [{string.Join(", ", added.Select(a => $"\"{a}\""))}]");
            }
        }
    }

    public static void Labels(JsonObject? labels, string path, FieldErrors errors)
    {
        foreach (var (key, value) in labels ?? [])
        {
            if (Names.LabelKey(key) is { } keyFault)
            {
                errors.Invalid(path, key, keyFault);
            }
            if (J.Text(value) is { } text && Names.LabelValue(text) is { } valueFault)
            {
                errors.Invalid(path, text, valueFault);
            }
        }
    }

    private static void Annotations(JsonObject? annotations, FieldErrors errors)
    {
        long size = 0;
        foreach (var (key, value) in annotations ?? [])
        {
            if (Names.LabelKey(key.ToLowerInvariant()) is { } fault)
            {
                errors.Invalid("metadata.annotations", key, fault);
            }
            size += key.Length + (J.Text(value)?.Length ?? 0);
        }
        if (size > MaxAnnotationBytes)
        {
            errors.TooLong("metadata.annotations", MaxAnnotationBytes);
        }
    }

    private static void Owners(JsonArray? owners, FieldErrors errors)
    {
        string? controller = null;
        foreach (var (i, owner) in (owners ?? []).Index())
        {
            foreach (var field in (ReadOnlySpan<string>)["apiVersion", "kind", "name", "uid"])
            {
                if (J.Str(owner, field) is "")
                {
                    errors.Invalid($"metadata.ownerReferences[{i}].{field}", "", "must not be empty");
                }
            }
            if (J.Bool((owner as JsonObject)?["controller"]) == true)
            {
                if (controller is not null)
                {
                    errors.Invalid("metadata.ownerReferences", owner, $"Only one reference can have Controller set to true. Found \"true\" in references for {controller} and {J.Str(owner, "name")}");
                }
                controller = J.Str(owner, "name");
            }
        }
    }
}
