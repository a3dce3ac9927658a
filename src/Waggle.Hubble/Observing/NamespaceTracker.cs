using System.Collections.Concurrent;
using System.Runtime.CompilerServices;
using Waggle.Hubble.Flows;

namespace Waggle.Hubble.Observing;

/// <summary>Which namespaces appeared in flows of the last hour. Bounded; costs a look into a small table per side of a flow.</summary>
public sealed class NamespaceTracker
{
    private const int CacheSize = 256;
    private const int MaxNamespaces = 16384;
    private const long HourNs = 3600L * 1_000_000_000;
    private readonly (EndpointInfo? Endpoint, long Minute)[] _recent = new (EndpointInfo?, long)[CacheSize];
    private readonly ConcurrentDictionary<(string Cluster, string Namespace), long> _seen = new();

    /// <summary>Notes an endpoint; called by one writer at a time.</summary>
    public void Saw(EndpointInfo endpoint, long timeNs)
    {
        if (endpoint.Namespace.Length == 0)
        {
            return;
        }

        ref var slot = ref _recent[RuntimeHelpers.GetHashCode(endpoint) & (CacheSize - 1)];
        var minute = timeNs / 60_000_000_000;
        if (ReferenceEquals(slot.Endpoint, endpoint) && slot.Minute == minute)
        {
            return;
        }

        slot = (endpoint, minute);
        var key = (endpoint.ClusterName, endpoint.Namespace);
        if (_seen.Count < MaxNamespaces || _seen.ContainsKey(key))
        {
            _seen[key] = timeNs;
        }
    }

    /// <summary>Namespaces seen within the last hour, sorted.</summary>
    public IReadOnlyList<(string Cluster, string Namespace)> List(long nowNs)
    {
        foreach (var (key, time) in _seen)
        {
            if (nowNs - time > HourNs)
            {
                _seen.TryRemove(KeyValuePair.Create(key, time));
            }
        }

        return [.. _seen.Keys.OrderBy(k => k.Cluster, StringComparer.Ordinal).ThenBy(k => k.Namespace, StringComparer.Ordinal)];
    }
}
