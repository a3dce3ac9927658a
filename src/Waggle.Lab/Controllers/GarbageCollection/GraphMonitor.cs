using System.Text.Json.Nodes;
using Microsoft.Extensions.Logging;
using Waggle.Kube.Client;
using Waggle.Kube.Informers;
using Waggle.Kube.Json;
using Waggle.Kube.Resources;

namespace Waggle.Lab.Controllers.GarbageCollection;

/// <summary>Watches one resource type for the graph; remembers the uids it holds to detect deletions it did not see.</summary>
internal sealed class GraphMonitor : IResourceSink<JsonObject>, IDisposable
{
    private readonly ResourceType<JsonObject> _type;
    private readonly ObjectGraph _graph;
    private readonly Action<string, GraphNode?> _changed;
    private readonly Reflector<JsonObject> _reflector;
    private readonly CancellationTokenSource _stop;
    private readonly HashSet<string> _held = [];
    private Task _running = Task.CompletedTask;

    /// <param name="context">What the controllers share.</param>
    /// <param name="type">What to watch.</param>
    /// <param name="graph">Where to put it.</param>
    /// <param name="changed">Told the uid, and what it now is (or was, when it is gone from the graph).</param>
    /// <param name="cancellation">Ends the watch.</param>
    internal GraphMonitor(ControllerContext context, ResourceType<JsonObject> type, ObjectGraph graph, Action<string, GraphNode?> changed, CancellationToken cancellation)
    {
        _type = type;
        _graph = graph;
        _changed = changed;
        _stop = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        _reflector = new(context.Client, type, this, new() { Time = context.Time }, context.Loggers.CreateLogger<GraphMonitor>());
    }

    internal void Start() => _running = _reflector.RunAsync(_stop.Token);

    /// <summary>Ends the watch and forgets its objects: the type is no longer served.</summary>
    internal async Task StopAsync()
    {
        await _stop.CancelAsync().ConfigureAwait(false);
        await _running.ConfigureAwait(false);
        foreach (var uid in _held)
        {
            _changed(uid, _graph.Remove(uid));
        }
    }

    public void Dispose() => _stop.Dispose();

    void IResourceSink<JsonObject>.Replace(IReadOnlyList<JsonObject> objects)
    {
        var present = objects.Select(Put).ToHashSet();
        foreach (var uid in _held.Where(u => !present.Contains(u)).ToList())
        {
            Remove(uid);
        }
    }

    void IResourceSink<JsonObject>.Apply(IReadOnlyList<WatchEvent<JsonObject>> changes)
    {
        foreach (var change in changes)
        {
            if (change.Type == WatchEventType.Deleted)
            {
                Remove((string?)change.Object["metadata"]?["uid"] ?? "");
            }
            else
            {
                Put(change.Object);
            }
        }
    }

    private string Put(JsonObject value)
    {
        var meta = value["metadata"] is { } json ? KubeJson.FromJson<ObjectMeta>(json) : ObjectMeta.Empty;
        var uid = meta.Uid ?? "";
        var node = new GraphNode(_type, new(meta.Namespace ?? "", meta.Name ?? ""), uid, meta.OwnerReferences, meta.DeletionTimestamp is not null, meta.Finalizers);
        var old = _graph.Find(uid);
        _graph.Put(node);
        _held.Add(uid);
        // Statuses change all the time and mean nothing here.
        if (old is null ? node.Owners.Count > 0 || node.IsDeleting : old.IsDeleting != node.IsDeleting || !old.Owners.SequenceEqual(node.Owners) || !old.Finalizers.SequenceEqual(node.Finalizers))
        {
            _changed(uid, node);
        }

        return uid;
    }

    private void Remove(string uid)
    {
        _held.Remove(uid);
        _changed(uid, _graph.Remove(uid));
    }
}
