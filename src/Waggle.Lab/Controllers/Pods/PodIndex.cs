using System.Collections.Immutable;
using Waggle.Kube.Informers;
using Waggle.Kube.Resources;

namespace Waggle.Lab.Controllers;

/// <summary>Pods by the uid of the controller that owns them; those without one by their namespace.</summary>
internal sealed class PodIndex
{
    private readonly Lock _gate = new();
    private readonly Dictionary<ObjectKey, string> _ownerOf = [];
    private readonly Dictionary<string, ImmutableSortedDictionary<ObjectKey, Pod>> _byOwner = [];

    /// <summary>Pods that this object's controller owns.</summary>
    internal IEnumerable<Pod> OwnedBy(string uid) => Find(uid);

    /// <summary>Pods of a namespace that no controller owns.</summary>
    internal IEnumerable<Pod> Orphans(string @namespace) => Find($"/{@namespace}");

    internal void Apply(InformerChange<Pod> change)
    {
        var pod = change.Object;
        lock (_gate)
        {
            if (_ownerOf.Remove(pod.Key, out var before))
            {
                var rest = _byOwner[before].Remove(pod.Key);
                if (rest.IsEmpty)
                {
                    _byOwner.Remove(before);
                }
                else
                {
                    _byOwner[before] = rest;
                }
            }

            if (!change.IsDeleted)
            {
                var owner = pod.Metadata.ControllerOwner()?.Uid ?? $"/{pod.Metadata.Namespace}";
                _ownerOf[pod.Key] = owner;
                _byOwner[owner] = _byOwner.GetValueOrDefault(owner, ImmutableSortedDictionary<ObjectKey, Pod>.Empty).SetItem(pod.Key, pod);
            }
        }
    }

    private IEnumerable<Pod> Find(string owner)
    {
        lock (_gate)
        {
            return _byOwner.TryGetValue(owner, out var pods) ? pods.Values : [];
        }
    }
}
