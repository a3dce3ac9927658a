using System.Runtime.InteropServices;
using Waggle.Policy.Addresses;

namespace Waggle.Policy.Compile;

/// <summary>Counts who needs which prefix. A prefix of length 0 needs no identity of its own: it is the world of its family.</summary>
internal sealed class CidrDemand(int most)
{
    private readonly Dictionary<IpPrefix, int> _uses = [];
    private readonly HashSet<IpPrefix> _added = [];
    private readonly HashSet<IpPrefix> _removed = [];

    public int Count => _uses.Count;

    public int Most => most;

    public IReadOnlyCollection<IpPrefix> All => _uses.Keys;

    /// <summary>True when all of them find room.</summary>
    public bool Fits(IReadOnlyCollection<IpPrefix> prefixes) =>
        _uses.Count + prefixes.Count <= most || _uses.Count + prefixes.Distinct().Count(p => p.Length > 0 && !_uses.ContainsKey(p)) <= most;

    public void Acquire(IEnumerable<IpPrefix> prefixes)
    {
        foreach (IpPrefix prefix in prefixes)
        {
            if (prefix.Length > 0)
            {
                ref int uses = ref CollectionsMarshal.GetValueRefOrAddDefault(_uses, prefix, out bool known);
                uses++;
                if (!known && !_removed.Remove(prefix))
                {
                    _added.Add(prefix);
                }
            }
        }
    }

    public void Release(IEnumerable<IpPrefix> prefixes)
    {
        foreach (IpPrefix prefix in prefixes)
        {
            if (prefix.Length > 0 && --CollectionsMarshal.GetValueRefOrAddDefault(_uses, prefix, out _) <= 0)
            {
                _uses.Remove(prefix);
                if (!_added.Remove(prefix))
                {
                    _removed.Add(prefix);
                }
            }
        }
    }

    public (IReadOnlyList<IpPrefix> Added, IReadOnlyList<IpPrefix> Removed) TakeChanges()
    {
        (IReadOnlyList<IpPrefix>, IReadOnlyList<IpPrefix>) changes = ([.. _added.Order()], [.. _removed.Order()]);
        _added.Clear();
        _removed.Clear();
        return changes;
    }
}
