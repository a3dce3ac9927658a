using System.Text.Json.Nodes;

namespace Waggle.Lab.ApiServer;

/// <summary>Server-side apply.</summary>
internal sealed class ObjectApplier(ApiServerRuntime runtime)
{
    public Task<(StoredObject Item, bool Created)> ApplyAsync(WriteContext context, string? @namespace, string name, JsonObject body, bool force)
    {
        _ = runtime;
        throw ApiException.UnsupportedMediaType("not yet");
    }
}
