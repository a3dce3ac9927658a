using System.Runtime.InteropServices;
using Waggle.Policy.Labels;
using Waggle.Policy.Rules;
using Waggle.Policy.Selectors;

namespace Waggle.Policy.Identities;

/// <summary>All identities, found by number and by label.</summary>
internal sealed class IdentityStore
{
    private readonly Dictionary<uint, IdentityInfo> _all = [];
    private readonly Dictionary<(string Key, string Value), HashSet<IdentityInfo>> _byLabel = [];
    private readonly HashSet<IdentityInfo> _prefixes = [];
    private readonly HashSet<IdentityInfo> _withPorts = [];
    private readonly Stack<int> _freeSlots = [];

    public int Count => _all.Count;

    /// <summary>Slots are below this.</summary>
    public int Slots { get; private set; }

    public IReadOnlyCollection<IdentityInfo> All => _all.Values;

    /// <summary>Identities that stand for addresses outside the cluster.</summary>
    public IReadOnlyCollection<IdentityInfo> WithPrefix => _prefixes;

    /// <summary>Identities whose pods name ports.</summary>
    public IReadOnlyCollection<IdentityInfo> WithPorts => _withPorts;

    public IdentityInfo? Find(uint id) => _all.GetValueOrDefault(id);

    public IdentityInfo Add(uint id, LabelSet labels, IReadOnlyCollection<NamedPort>? ports)
    {
        var info = new IdentityInfo(id, _freeSlots.TryPop(out int slot) ? slot : Slots++, labels, ports);
        _all.Add(id, info);
        foreach (Label label in labels)
        {
            ref HashSet<IdentityInfo>? place = ref CollectionsMarshal.GetValueRefOrAddDefault(_byLabel, (label.Key, label.Value), out _);
            (place ??= []).Add(info);
        }

        if (info.Prefix is not null)
        {
            _prefixes.Add(info);
        }

        if (info.Ports.Length > 0)
        {
            _withPorts.Add(info);
        }

        return info;
    }

    public void Remove(IdentityInfo info)
    {
        _all.Remove(info.Id);
        foreach (Label label in info.Labels)
        {
            if (_byLabel.TryGetValue((label.Key, label.Value), out HashSet<IdentityInfo>? place) && place.Remove(info) && place.Count == 0)
            {
                _byLabel.Remove((label.Key, label.Value));
            }
        }

        _prefixes.Remove(info);
        _withPorts.Remove(info);
        _freeSlots.Push(info.Slot);
    }

    /// <summary>The identities that a selector matches: looks through the fewest it can.</summary>
    public void Find(Selector selector, ICollection<IdentityInfo> found)
    {
        Requirement? best = null;
        int fewest = _all.Count;
        foreach (Requirement requirement in selector.Requirements)
        {
            if (requirement.Operator == SelectorOperator.In)
            {
                int count = requirement.Values.Sum(v => _byLabel.TryGetValue((requirement.Key, v), out HashSet<IdentityInfo>? place) ? place.Count : 0);
                if (count <= fewest)
                {
                    (best, fewest) = (requirement, count);
                }
            }
        }

        if (best is null)
        {
            Take(_all.Values, selector, found);
            return;
        }

        foreach (string value in best.Values)
        {
            if (_byLabel.TryGetValue((best.Key, value), out HashSet<IdentityInfo>? place))
            {
                Take(place, selector, found);
            }
        }
    }

    private static void Take(IEnumerable<IdentityInfo> from, Selector selector, ICollection<IdentityInfo> found)
    {
        foreach (IdentityInfo info in from)
        {
            if (selector.Matches(info.Labels))
            {
                found.Add(info);
            }
        }
    }
}
