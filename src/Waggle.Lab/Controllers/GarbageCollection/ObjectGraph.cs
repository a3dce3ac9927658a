using System.Text.Json.Nodes;
using Waggle.Kube.Client;
using Waggle.Kube.Resources;

namespace Waggle.Lab.Controllers.GarbageCollection;

/// <summary>What the garbage collector remembers of an object.</summary>
internal sealed record GraphNode(ResourceType<JsonObject> Type, ObjectKey Key, string Uid, IReadOnlyList<OwnerReference> Owners, bool IsDeleting, IReadOnlyList<string> Finalizers)
{
    internal bool IsDeletingInForeground => IsDeleting && Finalizers.Contains("foregroundDeletion");

    internal bool IsOrphaning => IsDeleting && Finalizers.Contains("orphan");
}

/// <summary>Who owns whom, over all resource types. Thread-safe.</summary>
internal sealed class ObjectGraph
{
    private readonly Lock _gate = new();
    private readonly Dictionary<string, GraphNode> _nodes = [];
    private readonly Dictionary<string, HashSet<string>> _dependents = [];

    internal GraphNode? Find(string uid)
    {
        lock (_gate)
        {
            return _nodes.GetValueOrDefault(uid);
        }
    }

    /// <summary>Objects that name this one as an owner.</summary>
    internal IReadOnlyList<GraphNode> DependentsOf(string uid)
    {
        lock (_gate)
        {
            return _dependents.TryGetValue(uid, out var uids) ? [.. uids.Select(u => _nodes.GetValueOrDefault(u)).OfType<GraphNode>()] : [];
        }
    }

    internal void Put(GraphNode node)
    {
        lock (_gate)
        {
            if (_nodes.TryGetValue(node.Uid, out var old))
            {
                Unlink(old);
            }

            _nodes[node.Uid] = node;
            foreach (var owner in node.Owners)
            {
                if (!_dependents.TryGetValue(owner.Uid, out var uids))
                {
                    _dependents[owner.Uid] = uids = [];
                }

                uids.Add(node.Uid);
            }
        }
    }

    /// <returns>What was known of it.</returns>
    internal GraphNode? Remove(string uid)
    {
        lock (_gate)
        {
            if (_nodes.Remove(uid, out var old))
            {
                Unlink(old);
            }

            return old;
        }
    }

    private void Unlink(GraphNode node)
    {
        foreach (var owner in node.Owners)
        {
            if (_dependents.TryGetValue(owner.Uid, out var uids) && uids.Remove(node.Uid) && uids.Count == 0)
            {
                _dependents.Remove(owner.Uid);
            }
        }
    }
}
