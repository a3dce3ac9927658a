using System.Buffers;
using System.Globalization;
using System.Text.Json.Nodes;

namespace Waggle.Lab.ApiServer;

/// <summary>watch: a stream of JSON lines, one event each.</summary>
internal sealed class WatchHandler(ApiServerRuntime runtime)
{
    private static readonly TimeSpan s_bookmarkEvery = TimeSpan.FromSeconds(45);
    private static readonly TimeSpan s_defaultTimeout = TimeSpan.FromMinutes(40);

    public async Task HandleAsync(ApiRequest request)
    {
        var labels = LabelSelector.Parse(request.Query("labelSelector"));
        var fields = FieldSelector.Parse(request.Name is null ? request.Query("fieldSelector") : $"metadata.name={request.Name}", request.Resource);
        var writer = new EventWriter(request, ResponseFormat.Of(request.Http.Request), labels, fields);
        var seconds = request.QueryInt("timeoutSeconds") ?? 0;
        var time = runtime.Options.Time;
        var end = time.GetUtcNow() + (seconds > 0 ? TimeSpan.FromSeconds(Math.Min(seconds, 86_400)) : s_defaultTimeout);
        var log = runtime.Store.Log(request.Resource.StoreName);
        var version = request.Query("resourceVersion") ?? "";
        var initial = request.Flag("sendInitialEvents");
        if (initial && request.Query("resourceVersionMatch") != "NotOlderThan")
        {
            throw ApiException.BadRequest("sendInitialEvents requires resourceVersionMatch=NotOlderThan");
        }

        StoreWatch watch;
        if (initial || version is "" or "0")
        {
            (var objects, var revision, watch) = log.WatchFromNow(runtime.Store.Revision);
            foreach (var item in new ResourceSnapshot(objects, revision).Range(request.Namespace, null))
            {
                writer.Added(item);
            }
            if (initial)
            {
                writer.Bookmark(revision, initialEnd: true);
            }
        }
        else
        {
            watch = log.Watch(ReadHandler.Revision(version)) ?? throw ApiException.Expired($"too old resource version: {version} ({log.OldestWatchable})");
        }
        using (watch)
        {
            request.Http.Response.ContentType = "application/json";
            request.Http.Response.Headers.CacheControl = "no-cache, private";
            // The client must see the headers now, even if nothing happens for an hour.
            // Starting alone only freezes them.
            await request.Http.Response.StartAsync(request.Aborted);
            await request.Http.Response.Body.FlushAsync(request.Aborted);
            await FollowAsync(request, watch, writer, end);
        }
    }

    private async Task FollowAsync(ApiRequest request, StoreWatch watch, EventWriter writer, DateTimeOffset end)
    {
        var time = runtime.Options.Time;
        var bookmarks = request.Flag("allowWatchBookmarks");
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(request.Aborted, runtime.Stopping, watch.Expired);
        try
        {
            while (true)
            {
                // Read before the chain: everything up to it is then in the chain.
                var safe = runtime.Store.Revision;
                while (watch.TryNext(out var change))
                {
                    writer.Change(change);
                    if (writer.Pending > 64 * 1024)
                    {
                        await writer.FlushAsync(stop.Token);
                    }
                }
                await writer.FlushAsync(stop.Token);
                var left = end - time.GetUtcNow();
                if (left <= TimeSpan.Zero)
                {
                    return;
                }
                try
                {
                    await watch.WaitAsync().WaitAsync(left < s_bookmarkEvery ? left : s_bookmarkEvery, time, stop.Token);
                }
                catch (TimeoutException)
                {
                    if (bookmarks)
                    {
                        writer.Bookmark(safe, initialEnd: false);
                    }
                }
            }
        }
        catch (OperationCanceledException) when (watch.Expired.IsCancellationRequested && !runtime.Stopping.IsCancellationRequested && !request.Aborted.IsCancellationRequested)
        {
            using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(1));
            writer.Error(ApiException.Expired("the watch fell too far behind: list again"));
            await writer.FlushAsync(limit.Token);
        }
        catch (OperationCanceledException)
        {
            // The server stops: an orderly end of the stream makes clients watch again elsewhere or later.
        }
    }

    /// <summary>Turns changes into events of this watch, buffered until flushed.</summary>
    private sealed class EventWriter(ApiRequest request, ResponseFormat format, LabelSelector labels, FieldSelector fields)
    {
        private readonly ArrayBufferWriter<byte> _buffer = new(4096);
        private readonly string _prefix = request.Namespace is null ? "" : request.Namespace + "/";
        private bool _columnsSent;

        public int Pending => _buffer.WrittenCount;

        public void Added(StoredObject item)
        {
            if (Selected(item))
            {
                Write("ADDED"u8, item);
            }
        }

        public void Change(StoreChange change)
        {
            if (!change.Current.Key.StartsWith(_prefix, StringComparison.Ordinal))
            {
                return;
            }
            var before = change.Previous is { } previous && Selected(previous);
            var now = change.Kind == ChangeKind.Put && Selected(change.Current);
            // An object that stops to fit the selectors is gone as far as this watch is concerned.
            if (now)
            {
                Write(before ? "MODIFIED"u8 : "ADDED"u8, change.Current);
            }
            else if (before)
            {
                Write("DELETED"u8, change.Current);
            }
        }

        public void Bookmark(long revision, bool initialEnd)
        {
            var metadata = new JsonObject { ["resourceVersion"] = revision.ToString(CultureInfo.InvariantCulture), ["creationTimestamp"] = null };
            if (initialEnd)
            {
                metadata["annotations"] = new JsonObject { ["k8s.io/initial-events-end"] = "true" };
            }
            var body = format.Shape == ResponseShape.Table
                ? Tables.Render(request.Resource, [], format.Version, null, revision.ToString(CultureInfo.InvariantCulture), null, null, withColumns: false)
                : new JsonObject { ["kind"] = request.Resource.Kind, ["apiVersion"] = request.Resource.ApiVersion, ["metadata"] = metadata };
            Line("BOOKMARK"u8, JsonText.Write(body));
        }

        /// <summary>The last event. What the interrupted flush had is on its way already: the server has its own copy.</summary>
        public void Error(ApiException error)
        {
            _buffer.ResetWrittenCount();
            Line("ERROR"u8, JsonText.Write(error.ToStatus()));
        }

        public async Task FlushAsync(CancellationToken cancellation)
        {
            if (_buffer.WrittenCount == 0)
            {
                return;
            }
            await request.Http.Response.Body.WriteAsync(_buffer.WrittenMemory, cancellation);
            await request.Http.Response.Body.FlushAsync(cancellation);
            _buffer.ResetWrittenCount();
        }

        private bool Selected(StoredObject item) => labels.Matches(item.Labels) && fields.Matches(item);

        private void Write(ReadOnlySpan<byte> type, StoredObject item)
        {
            var view = ObjectView.Of(item, request.Resource);
            switch (format.Shape)
            {
                case ResponseShape.Table:
                    var version = item.Revision.ToString(CultureInfo.InvariantCulture);
                    Line(type, JsonText.Write(Tables.Render(request.Resource, [view.Tree], format.Version, request.Query("includeObject"), version, null, null, withColumns: !_columnsSent)));
                    _columnsSent = true;
                    break;
                case ResponseShape.PartialMetadata:
                    Line(type, JsonText.Write(ObjectView.Partial(view.Tree, format.Version)));
                    break;
                default:
                    Line(type, view.Json);
                    break;
            }
        }

        private void Line(ReadOnlySpan<byte> type, ReadOnlySpan<byte> body)
        {
            _buffer.Write("{\"type\":\""u8);
            _buffer.Write(type);
            _buffer.Write("\",\"object\":"u8);
            _buffer.Write(body);
            _buffer.Write("}\n"u8);
        }
    }
}
