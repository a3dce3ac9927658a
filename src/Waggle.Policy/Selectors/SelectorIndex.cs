using System.Runtime.InteropServices;
using Waggle.Policy.Labels;

namespace Waggle.Policy.Selectors;

/// <summary>Answers which of many selectors match a set of labels, without asking each of them.</summary>
/// <remarks>
/// A selector is filed under one of its conditions "key is one of these values": the one whose place is the least crowded. A set of
/// labels is then looked up label by label. Selectors without such a condition are asked each time.
/// </remarks>
internal sealed class SelectorIndex<T>
    where T : class
{
    private readonly Dictionary<(string Key, string Value), List<Entry>> _places = [];
    private readonly Dictionary<T, Entry> _entries = new(ReferenceEqualityComparer.Instance);
    private readonly List<Entry> _unfiled = [];

    public int Count => _entries.Count;

    public void Add(Selector selector, T item)
    {
        Requirement? best = null;
        int bestCost = int.MaxValue;
        foreach (Requirement requirement in selector.Requirements)
        {
            if (requirement.Operator != SelectorOperator.In)
            {
                continue;
            }

            // One look-up more for each value counts as much as one selector more in the way.
            int cost = requirement.Values.Length;
            foreach (string value in requirement.Values)
            {
                cost += _places.TryGetValue((requirement.Key, value), out List<Entry>? place) ? place.Count : 0;
            }

            if (cost < bestCost)
            {
                (best, bestCost) = (requirement, cost);
            }
        }

        var entry = new Entry(selector, item, best);
        _entries.Add(item, entry);
        if (best is null)
        {
            _unfiled.Add(entry);
            return;
        }

        foreach (string value in best.Values)
        {
            ref List<Entry>? place = ref CollectionsMarshal.GetValueRefOrAddDefault(_places, (best.Key, value), out _);
            (place ??= []).Add(entry);
        }
    }

    public void Remove(T item)
    {
        if (!_entries.Remove(item, out Entry? entry))
        {
            return;
        }

        if (entry.FiledUnder is not { } requirement)
        {
            _unfiled.Remove(entry);
            return;
        }

        foreach (string value in requirement.Values)
        {
            List<Entry> place = _places[(requirement.Key, value)];
            place.Remove(entry);
            if (place.Count == 0)
            {
                _places.Remove((requirement.Key, value));
            }
        }
    }

    /// <summary>Adds to <paramref name="found"/> the items whose selectors match, each once.</summary>
    public void Find(LabelSet labels, ICollection<T> found)
    {
        for (int i = 0; i < labels.Count; i++)
        {
            Label label = labels[i];

            // The same key and value from two sources is one place.
            if ((i > 0 && labels[i - 1].Key == label.Key && Seen(labels, i)) || !_places.TryGetValue((label.Key, label.Value), out List<Entry>? place))
            {
                continue;
            }

            foreach (Entry entry in place)
            {
                if (entry.Selector.Matches(labels) && IsFirstPlace(entry, labels, label))
                {
                    found.Add(entry.Item);
                }
            }
        }

        foreach (Entry entry in _unfiled)
        {
            if (entry.Selector.Matches(labels))
            {
                found.Add(entry.Item);
            }
        }
    }

    private static bool Seen(LabelSet labels, int index)
    {
        for (int i = index - 1; i >= 0 && labels[i].Key == labels[index].Key; i--)
        {
            if (labels[i].Value == labels[index].Value)
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>Two sources may give one key two values, both of them listed; the first counts.</summary>
    private static bool IsFirstPlace(Entry entry, LabelSet labels, Label label)
    {
        foreach (Label other in labels.WithKey(label.Key))
        {
            if (other.Value == label.Value)
            {
                return true;
            }

            if (entry.FiledUnder!.Values.Contains(other.Value))
            {
                return false;
            }
        }

        return true;
    }

    private sealed record Entry(Selector Selector, T Item, Requirement? FiledUnder);
}
