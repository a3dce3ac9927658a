using System.Runtime.CompilerServices;
using System.Text.Json;
using Waggle.Kube.Json;

namespace Waggle.Kube.Client;

public sealed partial class KubeClient
{
    /// <summary>Streams changes until the server ends the watch (it does so regularly) or the token is cancelled.</summary>
    /// <remarks>Bookmarks are requested and delivered. For "list, watch, and again after every interruption" use <see cref="Informers.Reflector{T}"/>.</remarks>
    /// <exception cref="KubeApiException">
    /// Refused, connection lost, or the version is too old (<see cref="KubeApiException.IsGone"/>: list again).
    /// </exception>
    public async IAsyncEnumerable<WatchEvent<T>> WatchAsync<T>(
        ResourceType<T> type, string? @namespace = null, WatchOptions? options = null, [EnumeratorCancellation] CancellationToken cancellation = default)
        where T : class
    {
        options ??= new();
        var query = new QueryBuilder(type.Path(@namespace))
            .Add("watch", "true")
            .Add("allowWatchBookmarks", "true")
            .Add("labelSelector", options.LabelSelector)
            .Add("fieldSelector", options.FieldSelector)
            .Add("resourceVersion", options.ResourceVersion)
            .Add("timeoutSeconds", options.Timeout is { } timeout ? Seconds(timeout) : null);
        var call = new KubeCall(HttpMethod.Get, query.ToString(), true);
        using var response = await _transport.SendAsync(call, cancellation).ConfigureAwait(false);
        var stream = await response.Content.ReadAsStreamAsync(cancellation).ConfigureAwait(false);
        await using var lines = new WatchLineReader(stream);
        while (true)
        {
            WatchEvent<T> change;
            try
            {
                if (await lines.ReadAsync(cancellation).ConfigureAwait(false) is not { } line)
                {
                    yield break;
                }

                change = Parse(type, call, line.Span);
            }
            catch (Exception e) when (e is HttpRequestException or IOException or JsonException or InvalidDataException)
            {
                throw _transport.Broken(call, e);
            }

            yield return change;
        }
    }

    private static WatchEvent<T> Parse<T>(ResourceType<T> type, KubeCall call, ReadOnlySpan<byte> line)
        where T : class
    {
        var (name, body) = WatchFrame.Split(line);
        switch (name)
        {
            case "ADDED":
                return new(WatchEventType.Added, Read(type, body));
            case "MODIFIED":
                return new(WatchEventType.Modified, Read(type, body));
            case "DELETED":
                return new(WatchEventType.Deleted, Read(type, body));
            case "BOOKMARK":
                return new(WatchEventType.Bookmark, Read(type, body));
            case "ERROR":
                var status = JsonSerializer.Deserialize(body, KubeJson.TypeInfo<KubeStatus>());
                throw new KubeApiException((System.Net.HttpStatusCode)(status?.Code ?? 500), status, call.ToString());
            default:
                throw new JsonException($"unknown watch event '{name}'");
        }
    }

    private static T Read<T>(ResourceType<T> type, ReadOnlySpan<byte> body)
        where T : class => JsonSerializer.Deserialize(body, type.TypeInfo) ?? throw new JsonException("a watch event has no object");
}
