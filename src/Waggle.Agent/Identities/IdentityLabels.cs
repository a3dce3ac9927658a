using System.Security.Cryptography;
using System.Text;

namespace Waggle.Agent.Identities;

/// <summary>The labels that are an identity: sorted, each <c>source:key=value</c>. Two sets are equal when their text is.</summary>
public sealed class IdentityLabels : IEquatable<IdentityLabels>
{
    public const string NamespaceKey = "io.kubernetes.pod.namespace";
    public const string NamespaceLabelsPrefix = "io.cilium.k8s.namespace.labels.";
    public const string ClusterKey = "io.cilium.k8s.policy.cluster";
    public const string ServiceAccountKey = "io.cilium.k8s.policy.serviceaccount";

    private IdentityLabels(string[] sorted)
    {
        Labels = sorted;
        Text = string.Join(';', sorted);
    }

    /// <summary>Sorted, e.g. <c>k8s:app=web</c>; a reserved label has no value.</summary>
    public IReadOnlyList<string> Labels { get; }

    /// <summary>The canonical text of the whole set.</summary>
    public string Text { get; }

    public static IdentityLabels Of(IEnumerable<string> labels) => new([.. labels.Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal)]);

    /// <summary>The labels of a pod: its own that pass the filter, those of its namespace, and where it runs.</summary>
    public static IdentityLabels OfPod(
        string @namespace, IEnumerable<KeyValuePair<string, string>> podLabels, IEnumerable<KeyValuePair<string, string>> namespaceLabels,
        string serviceAccount, string cluster, LabelFilter filter)
    {
        var all = new List<string>();
        foreach ((string key, string value) in podLabels)
        {
            // A pod must not give itself what the platform says about it.
            if (!key.StartsWith("io.cilium.k8s.", StringComparison.Ordinal) && key != NamespaceKey)
            {
                Add(key, value);
            }
        }

        foreach ((string key, string value) in namespaceLabels)
        {
            Add(NamespaceLabelsPrefix + key, value);
        }

        Add(NamespaceKey, @namespace);
        Add(ClusterKey, cluster);
        if (serviceAccount.Length > 0)
        {
            Add(ServiceAccountKey, serviceAccount);
        }

        return Of(all);

        void Add(string key, string value)
        {
            if (filter.Takes(key))
            {
                all.Add($"k8s:{key}={value}");
            }
        }
    }

    /// <summary>The <paramref name="attempt"/>-th number to try for these labels: the same on every node, so that two agents meet on one name.</summary>
    /// <param name="attempt">0 and up.</param>
    /// <param name="cluster">The configuration's <c>cluster-id</c>.</param>
    public uint Candidate(int attempt, uint cluster = 0)
    {
        byte[] hash = SHA256.HashData(Encoding.UTF8.GetBytes($"{Text}\n{attempt}"));
        uint range = ReservedIdentity.LastAllocated - ReservedIdentity.FirstAllocated + 1;
        return ReservedIdentity.OfCluster(cluster) + ReservedIdentity.FirstAllocated + (uint)(BitConverter.ToUInt64(hash) % range);
    }

    public bool Equals(IdentityLabels? other) => other is not null && Text == other.Text;

    public override bool Equals(object? obj) => Equals(obj as IdentityLabels);

    public override int GetHashCode() => Text.GetHashCode(StringComparison.Ordinal);

    public override string ToString() => Text;
}
