using System.Text.Json.Nodes;

namespace Waggle.Lab.ApiServer;

/// <summary>One object at one revision. Immutable: its bytes are the JSON that is stored, sent in lists and in watches.</summary>
internal sealed class StoredObject
{
    private static readonly IReadOnlyDictionary<string, string> s_noLabels = new Dictionary<string, string>();

    public StoredObject(string @namespace, string name, long revision, byte[] json, JsonObject? tree)
    {
        Namespace = @namespace;
        Name = name;
        Key = KeyOf(@namespace, name);
        Revision = revision;
        Json = json;
        Tree = tree ?? JsonText.ParseObject(json);
        Labels = ReadLabels(Tree);
    }

    /// <summary>A key to search with; it has no content.</summary>
    public StoredObject(string key)
    {
        Namespace = Name = "";
        Key = key;
        Json = [];
        Tree = [];
        Labels = s_noLabels;
    }

    /// <summary><c>namespace/name</c>, or <c>name</c> for cluster-scoped objects.</summary>
    public string Key { get; }

    public string Namespace { get; }

    public string Name { get; }

    public long Revision { get; }

    public byte[] Json { get; }

    /// <summary>The parsed object. Shared by all readers: never change it, clone it.</summary>
    public JsonObject Tree { get; }

    public IReadOnlyDictionary<string, string> Labels { get; }

    public static string KeyOf(string? @namespace, string name) => string.IsNullOrEmpty(@namespace) ? name : $"{@namespace}/{name}";

    private static IReadOnlyDictionary<string, string> ReadLabels(JsonObject tree)
    {
        if (J.At(tree, "metadata", "labels") is not JsonObject { Count: > 0 } labels)
        {
            return s_noLabels;
        }
        var result = new Dictionary<string, string>(labels.Count);
        foreach (var (key, value) in labels)
        {
            result[key] = J.Text(value) ?? "";
        }
        return result;
    }
}

/// <summary>Orders objects by key, byte by byte.</summary>
internal sealed class ByKey : IComparer<StoredObject>
{
    public static ByKey Instance { get; } = new();

    public int Compare(StoredObject? x, StoredObject? y) => string.CompareOrdinal(x!.Key, y!.Key);
}

internal enum ChangeKind : byte
{
    Put = 1,
    Delete = 2,
}

/// <summary>One committed change of one object.</summary>
/// <param name="Kind">What happened.</param>
/// <param name="Resource">The resource as <see cref="ResourceDefinition.QualifiedName"/>.</param>
/// <param name="Current">After a put: the new object. After a delete: the last state, carrying the revision of the deletion.</param>
/// <param name="Previous">The state before; null when the object was created.</param>
internal sealed record StoreChange(ChangeKind Kind, string Resource, StoredObject Current, StoredObject? Previous)
{
    public long Revision => Current.Revision;
}

/// <summary>The objects of one resource at one revision: immutable, so a reader may hold it as long as it likes.</summary>
internal sealed record ResourceSnapshot(System.Collections.Immutable.ImmutableSortedSet<StoredObject> Objects, long Revision)
{
    public static ResourceSnapshot Empty { get; } = new(System.Collections.Immutable.ImmutableSortedSet.Create<StoredObject>(ByKey.Instance), 0);

    public StoredObject? Find(string key) => Objects.TryGetValue(new StoredObject(key), out var found) ? found : null;

    /// <summary>Objects of a namespace (null for all) in key order, after <paramref name="afterKey"/> when given.</summary>
    public IEnumerable<StoredObject> Range(string? @namespace, string? afterKey)
    {
        var prefix = string.IsNullOrEmpty(@namespace) ? "" : @namespace + "/";
        var start = 0;
        if (afterKey is not null || prefix.Length > 0)
        {
            var at = Objects.IndexOf(new StoredObject(afterKey ?? prefix));
            start = at >= 0 ? (afterKey is null ? at : at + 1) : ~at;
        }
        for (var i = start; i < Objects.Count; i++)
        {
            var item = Objects[i];
            if (prefix.Length > 0 && !item.Key.StartsWith(prefix, StringComparison.Ordinal))
            {
                yield break;
            }
            yield return item;
        }
    }
}
