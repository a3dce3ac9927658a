using System.Collections.Immutable;
using Microsoft.Extensions.Logging;
using Waggle.Kube.Client;
using Waggle.Kube.Resources;

namespace Waggle.Kube.Informers;

/// <summary>A local, always consistent copy of a part of the API with notification of changes.</summary>
/// <remarks>
/// Reads are lock-free and see one immutable snapshot. Handlers run one at a time, in order, on the informer's own loop: keep
/// them short (put a key in a queue). A handler added late first sees the present objects as added.
/// </remarks>
public sealed class Informer<T> : IInformer, IResourceSink<T>
    where T : class
{
    private readonly ResourceType<T> _type;
    private readonly Reflector<T> _reflector;
    private readonly Lock _gate = new();
    private ImmutableDictionary<ObjectKey, T> _objects = ImmutableDictionary<ObjectKey, T>.Empty;
    private ImmutableArray<Action<InformerChange<T>>> _handlers = [];

    public Informer(KubeClient client, ResourceType<T> type, ReflectorOptions? options = null, ILogger? logger = null)
    {
        _type = type;
        _reflector = new(client, type, this, options, logger);
    }

    /// <summary>All objects by namespace and name.</summary>
    public ImmutableDictionary<ObjectKey, T> Objects => Volatile.Read(ref _objects);

    /// <summary>True once the first complete list was taken over.</summary>
    public bool HasSynced => _reflector.HasSynced;

    /// <summary>Completes with the first complete list; cancelled if the informer stopped before.</summary>
    public Task Synced => _reflector.Synced;

    /// <summary>Why the copy may be stale; null while watching.</summary>
    public Exception? LastError => _reflector.LastError;

    /// <summary>The object, or null.</summary>
    public T? Find(string? @namespace, string name) => Objects.GetValueOrDefault(new(@namespace ?? "", name));

    /// <summary>The object, or null.</summary>
    public T? Find(ObjectKey key) => Objects.GetValueOrDefault(key);

    /// <summary>Adds a handler; it sees every present object as added first.</summary>
    public void OnChange(Action<InformerChange<T>> handler)
    {
        lock (_gate)
        {
            foreach (var value in _objects.Values)
            {
                handler(new(null, value));
            }

            _handlers = _handlers.Add(handler);
        }
    }

    /// <summary>Runs until cancelled; returns then without an exception.</summary>
    public Task RunAsync(CancellationToken cancellation) => _reflector.RunAsync(cancellation);

    void IResourceSink<T>.Replace(IReadOnlyList<T> objects)
    {
        lock (_gate)
        {
            var old = _objects;
            var next = ImmutableDictionary.CreateBuilder<ObjectKey, T>();
            foreach (var value in objects)
            {
                next[_type.Key(value)] = value;
            }

            var current = next.ToImmutable();
            Volatile.Write(ref _objects, current);
            foreach (var (key, value) in old)
            {
                if (!current.TryGetValue(key, out var now))
                {
                    Notify(new(value, null));
                }
                else if (_type.Metadata(now).Uid != _type.Metadata(value).Uid)
                {
                    // Deleted and created anew while we were not watching.
                    Notify(new(value, null));
                    Notify(new(null, now));
                }
                else if (_type.Metadata(now).ResourceVersion != _type.Metadata(value).ResourceVersion)
                {
                    Notify(new(value, now));
                }
            }

            foreach (var (key, value) in current)
            {
                if (!old.ContainsKey(key))
                {
                    Notify(new(null, value));
                }
            }
        }
    }

    void IResourceSink<T>.Apply(IReadOnlyList<WatchEvent<T>> changes)
    {
        lock (_gate)
        {
            foreach (var change in changes)
            {
                var key = _type.Key(change.Object);
                var old = _objects.GetValueOrDefault(key);
                if (change.Type == WatchEventType.Deleted)
                {
                    Volatile.Write(ref _objects, _objects.Remove(key));
                    Notify(new(change.Object, null));
                }
                else
                {
                    Volatile.Write(ref _objects, _objects.SetItem(key, change.Object));
                    Notify(new(old, change.Object));
                }
            }
        }
    }

    private void Notify(InformerChange<T> change)
    {
        foreach (var handler in _handlers)
        {
            handler(change);
        }
    }
}

/// <param name="Old">The object before; null when it appeared.</param>
/// <param name="New">The object now; null when it is gone.</param>
public readonly record struct InformerChange<T>(T? Old, T? New)
    where T : class
{
    /// <summary>The newest known state, also of a deleted object.</summary>
    public T Object => New ?? Old!;

    public bool IsDeleted => New is null;
}
