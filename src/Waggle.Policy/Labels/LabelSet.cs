using System.Collections;
using Waggle.Policy.Addresses;

namespace Waggle.Policy.Labels;

/// <summary>The labels of an identity: sorted by key, without duplicates, never changed.</summary>
public sealed class LabelSet : IEquatable<LabelSet>, IReadOnlyList<Label>
{
    private readonly Label[] _labels;

    private LabelSet(Label[] sorted)
    {
        _labels = sorted;
        foreach (Label label in sorted)
        {
            if (label.Source == Label.CidrSource && IpPrefix.TryParseLabel(label.Key, out IpPrefix prefix) && (Prefix is null || prefix.Length > Prefix.Value.Length))
            {
                Prefix = prefix;
            }
        }

        Namespace = Find(Label.KubernetesSource, WellKnownLabels.Namespace, out string? ns) ? ns : null;
    }

    public static LabelSet Empty { get; } = new([]);

    /// <summary>The longest prefix among the labels of source <c>cidr</c>: which addresses outside the cluster this identity stands for.</summary>
    public IpPrefix? Prefix { get; }

    /// <summary>The namespace, for a pod.</summary>
    public string? Namespace { get; }

    public int Count => _labels.Length;

    public Label this[int index] => _labels[index];

    public static LabelSet Of(IEnumerable<Label> labels)
    {
        Label[] sorted = [.. labels];
        Array.Sort(sorted);
        int kept = 0;
        for (int i = 0; i < sorted.Length; i++)
        {
            if (i == 0 || sorted[i] != sorted[kept - 1])
            {
                sorted[kept++] = sorted[i];
            }
        }

        return new LabelSet(kept == sorted.Length ? sorted : sorted[..kept]);
    }

    /// <summary>Reads labels such as <c>k8s:app=web</c>, <c>reserved:host</c>, <c>cidr:10.0.0.0/8</c>.</summary>
    public static LabelSet Parse(IEnumerable<string> texts) => Of(texts.Select(Label.Parse));

    /// <inheritdoc cref="Parse(IEnumerable{string})"/>
    public static LabelSet Parse(params string[] texts) => Parse((IEnumerable<string>)texts);

    /// <summary>True when there is a label of this key; <paramref name="source"/> may be <see cref="Label.AnySource"/>.</summary>
    public bool Find(string source, string key, out string value)
    {
        for (int i = FirstOf(key); i < _labels.Length && string.Equals(_labels[i].Key, key, StringComparison.Ordinal); i++)
        {
            if (source == Label.AnySource || source == _labels[i].Source)
            {
                value = _labels[i].Value;
                return true;
            }
        }

        value = "";
        return false;
    }

    /// <summary>True for the reserved label <paramref name="key"/>.</summary>
    public bool HasReserved(string key) => Find(Label.ReservedSource, key, out _);

    /// <summary>All labels of this key, whatever their source.</summary>
    internal ReadOnlySpan<Label> WithKey(string key)
    {
        int first = FirstOf(key), end = first;
        while (end < _labels.Length && string.Equals(_labels[end].Key, key, StringComparison.Ordinal))
        {
            end++;
        }

        return _labels.AsSpan(first, end - first);
    }

    public bool Equals(LabelSet? other) => other is not null && _labels.AsSpan().SequenceEqual(other._labels);

    public override bool Equals(object? obj) => Equals(obj as LabelSet);

    public override int GetHashCode()
    {
        var hash = new HashCode();
        foreach (Label label in _labels)
        {
            hash.Add(label);
        }

        return hash.ToHashCode();
    }

    public IEnumerator<Label> GetEnumerator() => ((IEnumerable<Label>)_labels).GetEnumerator();

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();

    public override string ToString() => string.Join(',', _labels);

    private int FirstOf(string key)
    {
        int low = 0, high = _labels.Length;
        while (low < high)
        {
            int middle = (low + high) / 2;
            if (string.CompareOrdinal(_labels[middle].Key, key) < 0)
            {
                low = middle + 1;
            }
            else
            {
                high = middle;
            }
        }

        return low;
    }
}
