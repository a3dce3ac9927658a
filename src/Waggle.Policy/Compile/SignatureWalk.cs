using System.Runtime.InteropServices;
using Waggle.Policy.Identities;

namespace Waggle.Policy.Compile;

/// <summary>Finds the signatures of all peers of a table at once.</summary>
internal static class SignatureWalk
{
    /// <summary>The identities that any selector matches, or whose port names count. Cost: what the selectors match, all together.</summary>
    /// <param name="selectors">The table's selectors with their numbers.</param>
    /// <param name="identities">All identities.</param>
    /// <param name="meaningOf">The number of what a peer's port names mean, -1 for nothing; null where no rule names a port.</param>
    public static IEnumerable<(IdentityInfo Info, Signature Signature)> All(IReadOnlyDictionary<PeerSelector, int> selectors, IdentityStore identities, Func<IdentityInfo, int>? meaningOf)
    {
        // Steps through a tree of selectors already met; equal paths end in equal nodes, so each signature is made once.
        int[] state = new int[identities.Slots];
        var touched = new List<IdentityInfo>();
        var steps = new Dictionary<(int State, int Selector), int>();
        var path = new List<(int Parent, int Selector)> { (-1, -1) };
        foreach ((PeerSelector selector, int number) in selectors.OrderBy(s => s.Value))
        {
            foreach (IdentityInfo info in selector.Matched)
            {
                ref int at = ref state[info.Slot];
                if (at == 0)
                {
                    touched.Add(info);
                }

                at = Step(steps, path, at, number);
            }
        }

        if (meaningOf is not null)
        {
            foreach (IdentityInfo info in identities.WithPorts)
            {
                int meaning = meaningOf(info);
                if (meaning < 0)
                {
                    continue;
                }

                ref int at = ref state[info.Slot];
                if (at == 0)
                {
                    touched.Add(info);
                }

                at = Step(steps, path, at, -1 - meaning);
            }
        }

        var made = new Signature?[path.Count];
        foreach (IdentityInfo info in touched)
        {
            int at = state[info.Slot];
            yield return (info, made[at] ??= Walk(path, at));
        }
    }

    private static int Step(Dictionary<(int State, int Selector), int> steps, List<(int Parent, int Selector)> path, int state, int number)
    {
        ref int next = ref CollectionsMarshal.GetValueRefOrAddDefault(steps, (state, number), out bool known);
        if (!known)
        {
            next = path.Count;
            path.Add((state, number));
        }

        return next;
    }

    private static Signature Walk(List<(int Parent, int Selector)> path, int at)
    {
        var numbers = new List<int>();
        int ports = -1;
        for (; at > 0; at = path[at].Parent)
        {
            if (path[at].Selector < 0)
            {
                ports = -1 - path[at].Selector;
            }
            else
            {
                numbers.Add(path[at].Selector);
            }
        }

        numbers.Reverse();
        return new Signature([.. numbers], ports);
    }
}
