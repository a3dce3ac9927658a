using Waggle.Policy.Identities;
using Waggle.Policy.Labels;
using Waggle.Policy.Selectors;

namespace Waggle.Policy.Compile;

/// <summary>The peer selectors in use, each once, and which of them match an identity.</summary>
internal sealed class PeerSelectorCache(IdentityStore identities)
{
    private readonly Dictionary<string, PeerSelector> _all = new(StringComparer.Ordinal);
    private readonly SelectorIndex<PeerSelector> _byLabel = new();
    private readonly List<PeerSelector> _others = [];

    public int Count => _all.Count;

    /// <summary>The selector of this text; made, and filled with the identities it matches, when it is new. To be attached to a table then.</summary>
    public PeerSelector Get(string text, Func<PeerSelector> make)
    {
        if (!_all.TryGetValue(text, out PeerSelector? selector))
        {
            selector = make();
            selector.Fill(identities);
            _all.Add(text, selector);
            if (selector is LabelPeerSelector byLabel)
            {
                _byLabel.Add(byLabel.Selector, selector);
            }
            else
            {
                _others.Add(selector);
            }
        }

        return selector;
    }

    /// <summary>A table uses the selectors no more; those that none uses are dropped.</summary>
    public void Detach(CompiledTable table)
    {
        foreach (PeerSelector selector in table.Selectors)
        {
            Detach(selector, table);
        }
    }

    private void Detach(PeerSelector selector, CompiledTable table)
    {
        selector.Tables.Remove(table);
        if (selector.Tables.Count == 0)
        {
            _all.Remove(selector.Text);
            if (selector is LabelPeerSelector)
            {
                _byLabel.Remove(selector);
            }
            else
            {
                _others.Remove(selector);
            }
        }
    }

    /// <summary>The selectors in use that match.</summary>
    public List<PeerSelector> Matching(LabelSet labels)
    {
        var found = new List<PeerSelector>();
        _byLabel.Find(labels, found);
        foreach (PeerSelector selector in _others)
        {
            if (selector.Matches(labels))
            {
                found.Add(selector);
            }
        }

        return found;
    }
}
