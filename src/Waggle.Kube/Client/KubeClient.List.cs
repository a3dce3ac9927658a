using System.Globalization;
using System.Text.Json;

namespace Waggle.Kube.Client;

public sealed partial class KubeClient
{
    /// <summary>Lists objects, page by page, and returns all of them.</summary>
    /// <param name="type">What to list.</param>
    /// <param name="namespace">The namespace; null for all (or a cluster-scoped type).</param>
    /// <param name="options">Narrows the list.</param>
    /// <param name="cancellation">Ends the attempt.</param>
    public async Task<KubeList<T>> ListAsync<T>(ResourceType<T> type, string? @namespace = null, ListOptions? options = null, CancellationToken cancellation = default)
        where T : class
    {
        options ??= new();
        var items = new List<T>();
        string? next = null;
        var limit = options.PageSize;
        while (true)
        {
            var query = new QueryBuilder(type.Path(@namespace))
                .Add("labelSelector", options.LabelSelector)
                .Add("fieldSelector", options.FieldSelector)
                .Add("limit", limit?.ToString(CultureInfo.InvariantCulture))
                .Add("resourceVersion", next is null ? options.ResourceVersion : null)
                .Add("continue", next);
            (string? Version, string? Continue) page;
            try
            {
                page = await ListPageAsync(type, query.ToString(), items, cancellation).ConfigureAwait(false);
            }
            catch (KubeApiException e) when (e.IsGone && next is not null)
            {
                // The snapshot behind the continue token is gone: start again without pages, which cannot expire half-way.
                items.Clear();
                next = null;
                limit = null;
                continue;
            }

            if (string.IsNullOrEmpty(page.Continue))
            {
                return new(items, page.Version ?? "");
            }

            next = page.Continue;
        }
    }

    private async Task<(string? Version, string? Continue)> ListPageAsync<T>(ResourceType<T> type, string path, List<T> items, CancellationToken cancellation)
        where T : class
    {
        var call = new KubeCall(HttpMethod.Get, path, true);
        using var response = await _transport.SendAsync(call, cancellation).ConfigureAwait(false);
        try
        {
            var stream = await response.Content.ReadAsStreamAsync(cancellation).ConfigureAwait(false);
            using var document = await JsonDocument.ParseAsync(stream, cancellationToken: cancellation).ConfigureAwait(false);
            var root = document.RootElement;
            if (root.TryGetProperty("items", out var list) && list.ValueKind == JsonValueKind.Array)
            {
                foreach (var item in list.EnumerateArray())
                {
                    items.Add(item.Deserialize(type.TypeInfo) ?? throw new JsonException("a list item is null"));
                }
            }

            return root.TryGetProperty("metadata", out var meta) && meta.ValueKind == JsonValueKind.Object
                ? (TextOf(meta, "resourceVersion"), TextOf(meta, "continue"))
                : (null, null);
        }
        catch (Exception e) when (e is HttpRequestException or IOException or JsonException or InvalidOperationException)
        {
            throw _transport.Broken(call, e);
        }
    }

    private static string? TextOf(JsonElement element, string name) =>
        element.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.String ? value.GetString() : null;
}
