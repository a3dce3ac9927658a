using System.Collections.Concurrent;
using System.Text.Json.Nodes;
using Microsoft.Extensions.Logging;

namespace Waggle.Lab.ApiServer;

/// <summary>Turns stored CRDs into served resources, and empties what a deleted CRD leaves behind.</summary>
internal sealed class CrdRegistry(ApiServerRuntime runtime, SchemaLibrary library, ILogger logger)
{
    public const string StoreName = "customresourcedefinitions.apiextensions.k8s.io";

    // Written at start and by the thread that publishes, read by cleaners.
    private readonly ConcurrentDictionary<string, List<ResourceDefinition>> _custom = new(StringComparer.Ordinal);

    /// <summary>Reads all stored CRDs; called once at start.</summary>
    public ApiSurface Load()
    {
        foreach (var item in runtime.Store.Snapshot(StoreName).Objects)
        {
            _custom[item.Name] = Definitions(item);
        }
        return new ApiSurface(library, _custom.OrderBy(c => c.Key, StringComparer.Ordinal).SelectMany(c => c.Value));
    }

    /// <summary>Goes on with deletions that were begun before a restart.</summary>
    public void Resume()
    {
        foreach (var item in runtime.Store.Snapshot(StoreName).Objects)
        {
            if (J.At(item.Tree, "metadata", "deletionTimestamp") is not null)
            {
                _ = Task.Run(() => CleanAsync(item.Name));
            }
        }
    }

    /// <summary>A CRD is about to become visible: what it defines is served before anybody can read that it is established.</summary>
    public void Publishing(StoreChange change)
    {
        if (change.Resource != StoreName)
        {
            return;
        }
        var (item, deleted) = (change.Current, change.Kind == ChangeKind.Delete);
        try
        {
            _custom[item.Name] = deleted ? [] : Definitions(item);
        }
        catch (Exception e)
        {
            // It was accepted, and the thread that writes the journal must go on: without this CRD's resource, and saying so.
            logger.NotServed(item.Name, e);
            _custom[item.Name] = [];
        }
        runtime.Surface = new ApiSurface(library, _custom.OrderBy(c => c.Key, StringComparer.Ordinal).SelectMany(c => c.Value));
        if (!deleted && J.At(item.Tree, "metadata", "deletionTimestamp") is not null)
        {
            _ = Task.Run(() => CleanAsync(item.Name));
        }
        if (deleted)
        {
            _custom.TryRemove(item.Name, out _);
        }
    }

    private List<ResourceDefinition> Definitions(StoredObject item)
    {
        var spec = J.Obj(item.Tree, "spec")!;
        var names = J.Obj(spec, "names")!;
        var group = J.Str(spec, "group")!;
        var versions = J.Arr(spec, "versions") ?? [];
        var result = new List<ResourceDefinition>();
        var established = (J.At(item.Tree, "status", "conditions") as JsonArray ?? []).Any(c => J.Str(c, "type") == "Established" && J.Str(c, "status") == "True");
        var storage = J.Str(versions.FirstOrDefault(v => J.Bool(v?["storage"]) == true), "name");
        foreach (var version in versions)
        {
            if (!established || J.Bool(version?["served"]) != true)
            {
                continue;
            }
            var errors = new FieldErrors();
            var schema = CrdSchema.Read(J.At(version, "schema", "openAPIV3Schema") as JsonObject ?? [], library.ObjectMeta, errors, "schema");
            if (J.Bool(spec["preserveUnknownFields"]) == true)
            {
                schema.PreserveUnknown = true;
            }
            var subresources = J.Obj(version, "subresources");
            var scale = J.Obj(subresources, "scale");
            result.Add(new ResourceDefinition
            {
                Group = group,
                Version = J.Str(version, "name")!,
                Plural = J.Str(names, "plural")!,
                Singular = J.Str(names, "singular") ?? "",
                Kind = J.Str(names, "kind")!,
                ListKind = J.Str(names, "listKind")!,
                Namespaced = J.Str(spec, "scope") == "Namespaced",
                ShortNames = Texts(names, "shortNames"),
                Categories = Texts(names, "categories"),
                Subresources = [.. subresources?["status"] is not null ? ["status"] : Array.Empty<string>(), .. scale is not null ? ["scale"] : Array.Empty<string>()],
                Scale = scale is null ? null : new ScalePaths(Path(scale, "specReplicasPath")!, Path(scale, "statusReplicasPath")!, Path(scale, "labelSelectorPath")),
                SelectableFields = [.. (J.Arr(version, "selectableFields") ?? []).Select(f => (J.Str(f, "jsonPath") ?? "").TrimStart('.'))],
                Columns = Columns(version),
                Schema = schema,
                StorageApiVersion = $"{group}/{storage}",
                Deprecation = J.Bool(version!["deprecated"]) == true ? J.Str(version, "deprecationWarning") ?? $"{group}/{J.Str(version, "name")} {J.Str(names, "kind")} is deprecated" : null,
            });
        }
        return result;
    }

    private static List<PrinterColumn> Columns(JsonNode? version)
    {
        if (J.Arr(version, "additionalPrinterColumns") is not { Count: > 0 } columns)
        {
            return [new PrinterColumn("Age", "date", "", ".metadata.creationTimestamp", 0, "Time since creation")];
        }
        return [.. columns.Select(c => new PrinterColumn(J.Str(c, "name") ?? "", J.Str(c, "type") ?? "string", J.Str(c, "format") ?? "", J.Str(c, "jsonPath") ?? "", (int)(J.Int(c?["priority"]) ?? 0), J.Str(c, "description") ?? ""))];
    }

    private static string? Path(JsonObject scale, string name) => J.Str(scale, name) is { } path ? path.TrimStart('.') : null;

    private static List<string> Texts(JsonObject names, string field) => [.. (J.Arr(names, field) ?? []).Select(t => J.Text(t)!)];

    /// <summary>Deletes all objects of the CRD, then takes off its finalizer.</summary>
    private async Task CleanAsync(string name)
    {
        try
        {
            var own = runtime.Surface.Find("apiextensions.k8s.io", "v1", "customresourcedefinitions")!;
            var one = _custom.GetValueOrDefault(name)?.FirstOrDefault();
            while (one is not null && !runtime.Stopping.IsCancellationRequested)
            {
                var left = runtime.Store.Snapshot(one.StoreName).Objects;
                if (left.Count == 0)
                {
                    break;
                }
                foreach (var item in left)
                {
                    if (J.At(item.Tree, "metadata", "deletionTimestamp") is null)
                    {
                        await runtime.Deleter.DeleteAsync(WriteContext.System(one), item.Namespace.Length == 0 ? null : item.Namespace, item.Name, new DeleteOptions(null, null, null, null, false));
                    }
                }
                await Task.Delay(100, runtime.Stopping);
            }
            await runtime.Writer.UpdateAsync(WriteContext.System(own), null, name, crd =>
            {
                var finalizers = J.Arr(crd["metadata"], "finalizers") ?? [];
                ((JsonObject)crd["metadata"]!)["finalizers"] = J.Strings(finalizers.Select(f => J.Text(f)!).Where(f => f != CrdRules.CleanupFinalizer));
                return crd;
            });
        }
        catch (Exception e) when (e is ApiException or OperationCanceledException or StoreFullException or RevisionConflictException)
        {
            logger.CleanupFailed(name, e.Message);
        }
    }
}

internal static partial class CrdLog
{
    [LoggerMessage(1201, LogLevel.Warning, "Cleaning up after the deleted CRD {Name} did not finish: {Reason}. It goes on with the next change or start")]
    public static partial void CleanupFailed(this ILogger logger, string name, string reason);

    [LoggerMessage(1202, LogLevel.Error, "The CRD {Name} was stored, but its resource cannot be served; please change or delete the CRD")]
    public static partial void NotServed(this ILogger logger, string name, Exception error);
}
