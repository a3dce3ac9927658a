namespace Waggle.Agent.Identities;

/// <summary>Which labels of a pod make its identity. Labels that differ per pod or per revision would give every pod an identity of its own.</summary>
/// <remarks>
/// Entries are key prefixes; <c>!</c> in front excludes. The longest matching prefix decides. With an including entry of the user, keys
/// that match nothing are left out; otherwise they are taken.
/// </remarks>
public sealed class LabelFilter
{
    private static readonly string[] Defaults =
    [
        "io.kubernetes.pod.namespace", "io.cilium.k8s.", "app.kubernetes.io", "!io.kubernetes", "!kubernetes.io", "!k8s.io", "!beta.kubernetes.io",
        "!pod-template-generation", "!pod-template-hash", "!controller-revision-hash", "!controller-uid", "!annotation", "!etcd_node",
        "!statefulset.kubernetes.io/", "!apps.kubernetes.io/pod-index", "!batch.kubernetes.io/", "!job-name",
    ];

    private readonly List<(string Prefix, bool Include)> _rules = [];
    private readonly bool _takeOthers = true;

    /// <param name="text">The configuration's <c>labels</c>: entries separated by spaces, each <c>[!][source:]prefix</c>.</param>
    public LabelFilter(string text)
        : this(text, Defaults)
    {
    }

    private LabelFilter(string text, string[] defaults)
    {
        foreach (string entry in defaults)
        {
            Add(entry);
        }

        foreach (string entry in text.Split(' ', StringSplitOptions.RemoveEmptyEntries))
        {
            Add(entry);
            _takeOthers &= entry[0] == '!';
        }

        // The user's entries were added last; an equally long one replaces a default.
        _rules.Reverse();
    }

    /// <summary>For labels of nodes: nothing is left out by default.</summary>
    /// <param name="text">The configuration's <c>node-labels</c>.</param>
    public static LabelFilter OfNodes(string text) => new(text, []);

    /// <summary>True when <paramref name="key"/> (without its source) belongs to the identity.</summary>
    public bool Takes(string key)
    {
        (string Prefix, bool Include)? best = null;
        foreach ((string Prefix, bool Include) rule in _rules)
        {
            if (key.StartsWith(rule.Prefix, StringComparison.Ordinal) && (best is null || rule.Prefix.Length > best.Value.Prefix.Length))
            {
                best = rule;
            }
        }

        return best?.Include ?? _takeOthers;
    }

    private void Add(string entry)
    {
        bool include = entry[0] != '!';
        string prefix = include ? entry : entry[1..];
        int source = prefix.IndexOf(':', StringComparison.Ordinal);
        _rules.Add((source < 0 ? prefix : prefix[(source + 1)..], include));
    }
}
