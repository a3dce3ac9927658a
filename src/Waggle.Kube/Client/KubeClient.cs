using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization.Metadata;
using Waggle.Kube.Config;
using Waggle.Kube.Json;

namespace Waggle.Kube.Client;

/// <summary>A client of one Kubernetes API server. Thread-safe; keep one per process.</summary>
/// <remarks>
/// Every method throws <see cref="KubeApiException"/> when the server refuses or cannot be reached. Reads, patches, updates
/// and deletes are repeated with back-off after lost connections, 429 and 5xx; a create only when it certainly was not carried out.
/// </remarks>
public sealed partial class KubeClient : IDisposable
{
    private readonly KubeTransport _transport;
    private readonly KubeClientOptions _options;

    public KubeClient(KubeConfig config, KubeClientOptions? options = null)
    {
        _options = options ?? new();
        _transport = new(config, _options);
        Discovery = new(this);
    }

    public KubeConfig Config => _transport.Config;

    /// <summary>Finds resource types by name or kind.</summary>
    public KubeDiscovery Discovery { get; }

    public void Dispose() => _transport.Dispose();

    /// <summary>Reads one object.</summary>
    /// <exception cref="KubeApiException">Among others, it does not exist (<see cref="KubeApiException.IsNotFound"/>).</exception>
    public Task<T> GetAsync<T>(ResourceType<T> type, string? @namespace, string name, CancellationToken cancellation = default)
        where T : class =>
        CallAsync(new(HttpMethod.Get, type.Path(@namespace, name), true), type.TypeInfo, cancellation);

    /// <summary>Reads one object, or null when it does not exist.</summary>
    public async Task<T?> TryGetAsync<T>(ResourceType<T> type, string? @namespace, string name, CancellationToken cancellation = default)
        where T : class
    {
        try
        {
            return await GetAsync(type, @namespace, name, cancellation).ConfigureAwait(false);
        }
        catch (KubeApiException e) when (e.IsNotFound)
        {
            return null;
        }
    }

    /// <summary>Creates the object; its metadata says where.</summary>
    public Task<T> CreateAsync<T>(ResourceType<T> type, T value, WriteOptions? options = null, CancellationToken cancellation = default)
        where T : class =>
        CallAsync(Write(HttpMethod.Post, type.Path(type.Metadata(value).Namespace), type.Stamp(value), type.TypeInfo, options, idempotent: false), type.TypeInfo, cancellation);

    /// <summary>Replaces the object. Fields that the record does not model are lost: prefer a patch or <see cref="ApplyAsync{T}"/> for objects others write too.</summary>
    public Task<T> UpdateAsync<T>(ResourceType<T> type, T value, WriteOptions? options = null, CancellationToken cancellation = default)
        where T : class => PutAsync(type, value, null, options, cancellation);

    /// <summary>Replaces the object's status.</summary>
    public Task<T> UpdateStatusAsync<T>(ResourceType<T> type, T value, WriteOptions? options = null, CancellationToken cancellation = default)
        where T : class => PutAsync(type, value, "status", options, cancellation);

    /// <summary>Patches an object or its subresource.</summary>
    public Task<T> PatchAsync<T>(
        ResourceType<T> type, string? @namespace, string name, KubePatch patch, WriteOptions? options = null, string? subresource = null, CancellationToken cancellation = default)
        where T : class
    {
        var call = Write(HttpMethod.Patch, type.Path(@namespace, name, subresource), patch.Body, KubeJson.TypeInfo<JsonNode>(), options, idempotent: patch.Body is JsonObject);
        return CallAsync(call with { ContentType = patch.ContentType }, type.TypeInfo, cancellation);
    }

    /// <summary>Replaces an object through a subresource such as <c>finalize</c>.</summary>
    public Task<T> UpdateSubresourceAsync<T>(ResourceType<T> type, T value, string subresource, WriteOptions? options = null, CancellationToken cancellation = default)
        where T : class => PutAsync(type, value, subresource, options, cancellation);

    /// <summary>Server-side apply: creates the object, or changes exactly the fields given.</summary>
    /// <param name="type">The object's type.</param>
    /// <param name="value">The fields that this manager wants; leave everything else out.</param>
    /// <param name="fieldManager">Owner of the fields; null takes <see cref="KubeClientOptions.FieldManager"/>.</param>
    /// <param name="force">Take over fields of other managers instead of failing with a conflict.</param>
    /// <param name="subresource">E.g. <c>status</c>.</param>
    /// <param name="cancellation">Ends the attempt.</param>
    public Task<T> ApplyAsync<T>(
        ResourceType<T> type, T value, string? fieldManager = null, bool force = true, string? subresource = null, CancellationToken cancellation = default)
        where T : class
    {
        var meta = type.Metadata(value);
        var options = new WriteOptions { FieldManager = fieldManager, Force = force };
        var call = Write(HttpMethod.Patch, type.Path(meta.Namespace, meta.Name ?? "", subresource), type.Stamp(value), type.TypeInfo, options, idempotent: true);
        return CallAsync(call with { ContentType = "application/apply-patch+yaml" }, type.TypeInfo, cancellation);
    }

    /// <summary>Posts to a subresource such as <c>binding</c>, <c>eviction</c> or <c>token</c>.</summary>
    public Task<TResult> PostSubresourceAsync<TBody, TResult>(
        ResourceType type, string? @namespace, string name, string subresource, TBody body, CancellationToken cancellation = default) =>
        CallAsync(Write(HttpMethod.Post, type.Path(@namespace, name, subresource), body, KubeJson.TypeInfo<TBody>(), null, idempotent: false), KubeJson.TypeInfo<TResult>(), cancellation);

    /// <summary>Deletes an object. Finalizers and grace periods may keep it a while longer.</summary>
    public async Task DeleteAsync(ResourceType type, string? @namespace, string name, DeleteOptions? options = null, CancellationToken cancellation = default)
    {
        var call = new KubeCall(HttpMethod.Delete, type.Path(@namespace, name), true) { Body = DeleteBodyOf(options) };
        using var response = await _transport.SendAsync(call, cancellation).ConfigureAwait(false);
    }

    /// <summary>Deletes an object; an absent one is success.</summary>
    /// <returns>False when it did not exist.</returns>
    public async Task<bool> TryDeleteAsync(ResourceType type, string? @namespace, string name, DeleteOptions? options = null, CancellationToken cancellation = default)
    {
        try
        {
            await DeleteAsync(type, @namespace, name, options, cancellation).ConfigureAwait(false);
            return true;
        }
        catch (KubeApiException e) when (e.IsNotFound)
        {
            return false;
        }
    }

    /// <summary>Deletes every object that the selection matches.</summary>
    public async Task DeleteCollectionAsync(
        ResourceType type, string? @namespace, ListOptions? selection = null, DeleteOptions? options = null, CancellationToken cancellation = default)
    {
        var query = new QueryBuilder(type.Path(@namespace)).Add("labelSelector", selection?.LabelSelector).Add("fieldSelector", selection?.FieldSelector);
        var call = new KubeCall(HttpMethod.Delete, query.ToString(), true) { Body = DeleteBodyOf(options) };
        using var response = await _transport.SendAsync(call, cancellation).ConfigureAwait(false);
    }

    /// <summary>Reads any JSON below the server's root, e.g. <c>version</c> or <c>openapi/v2</c>.</summary>
    public Task<JsonNode> GetRawAsync(string path, CancellationToken cancellation = default) =>
        CallAsync(new(HttpMethod.Get, path.TrimStart('/'), true), KubeJson.TypeInfo<JsonNode>(), cancellation);

    /// <summary>Opens a stream of text, e.g. a pod's <c>log</c> subresource; the caller disposes it.</summary>
    public async Task<Stream> OpenStreamAsync(string path, CancellationToken cancellation = default)
    {
        var response = await _transport.SendAsync(new(HttpMethod.Get, path.TrimStart('/'), true), cancellation).ConfigureAwait(false);
        return await response.Content.ReadAsStreamAsync(cancellation).ConfigureAwait(false);
    }

    internal async Task<T> CallAsync<T>(KubeCall call, JsonTypeInfo<T> typeInfo, CancellationToken cancellation)
    {
        using var response = await _transport.SendAsync(call, cancellation).ConfigureAwait(false);
        try
        {
            var stream = await response.Content.ReadAsStreamAsync(cancellation).ConfigureAwait(false);
            return await JsonSerializer.DeserializeAsync(stream, typeInfo, cancellation).ConfigureAwait(false)
                ?? throw new JsonException("the answer is empty");
        }
        catch (Exception e) when (e is HttpRequestException or IOException or JsonException)
        {
            throw _transport.Broken(call, e);
        }
    }

    private static byte[]? DeleteBodyOf(DeleteOptions? options) =>
        options is null ? null : JsonSerializer.SerializeToUtf8Bytes(DeleteBody.From(options), KubeJson.TypeInfo<DeleteBody>());

    private Task<T> PutAsync<T>(ResourceType<T> type, T value, string? subresource, WriteOptions? options, CancellationToken cancellation)
        where T : class
    {
        var meta = type.Metadata(value);
        return CallAsync(Write(HttpMethod.Put, type.Path(meta.Namespace, meta.Name ?? "", subresource), type.Stamp(value), type.TypeInfo, options, idempotent: true), type.TypeInfo, cancellation);
    }

    private KubeCall Write<T>(HttpMethod method, string path, T body, JsonTypeInfo<T> typeInfo, WriteOptions? options, bool idempotent)
    {
        var query = new QueryBuilder(path)
            .Add("fieldManager", options?.FieldManager ?? _options.FieldManager)
            .Add("dryRun", options?.DryRun == true ? "All" : null)
            .Add("force", options?.Force == true ? "true" : null);
        return new(method, query.ToString(), idempotent) { Body = JsonSerializer.SerializeToUtf8Bytes(body, typeInfo) };
    }

    private static string Seconds(TimeSpan time) => ((long)time.TotalSeconds).ToString(CultureInfo.InvariantCulture);
}
