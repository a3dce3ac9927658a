using System.Text.Json.Nodes;

namespace Waggle.Lab.ApiServer;

/// <summary>The merging of server-side apply: applied values win, what only others set stays, what the manager dropped goes.</summary>
internal static class ApplyMerge
{
    /// <summary>The live value with the applied one laid over it.</summary>
    public static JsonNode? Merge(Schema? schema, JsonNode? live, JsonNode? applied)
    {
        var kind = Structure.Of(schema, applied);
        if (live is null || kind == StructureKind.Leaf || kind != Structure.Of(schema, live))
        {
            return J.Clone(applied);
        }
        switch (kind)
        {
            case StructureKind.Map:
                var map = (JsonObject)live.DeepClone();
                foreach (var (name, value) in (JsonObject)applied!)
                {
                    map[name] = Merge(schema?.Property(name), map[name], value);
                }
                return map;
            case StructureKind.MapList:
                return Lists(schema!, (JsonArray)live, (JsonArray)applied!);
            default:
                var set = (JsonArray)live.DeepClone();
                var known = set.Select(Structure.ValueEdge).ToHashSet();
                foreach (var item in (JsonArray)applied!)
                {
                    if (known.Add(Structure.ValueEdge(item)))
                    {
                        set.Add(J.Clone(item));
                    }
                }
                return set;
        }
    }

    /// <summary>Removes from a value the paths of <paramref name="gone"/> that no one in <paramref name="kept"/> has.</summary>
    /// <returns>False when the value itself is to be removed.</returns>
    public static bool Remove(Schema? schema, JsonNode? value, FieldSet gone, FieldSet? kept)
    {
        switch (Structure.Of(schema, value))
        {
            case StructureKind.Map:
                var map = (JsonObject)value!;
                foreach (var (name, child) in map.ToList())
                {
                    var edge = "f:" + name;
                    if (gone.Children.TryGetValue(edge, out var below) && !Remove(schema?.Property(name), child, below, Below(kept, edge)))
                    {
                        map.Remove(name);
                    }
                }
                // A map that the manager alone filled goes with its last field.
                return !(map.Count == 0 && kept is null or { IsEmpty: true } && (gone.Member || gone.Children.Count > 0) && map.Count == 0);
            case StructureKind.MapList:
                var list = (JsonArray)value!;
                for (var i = list.Count - 1; i >= 0; i--)
                {
                    var edge = Structure.KeyEdge(schema!, list[i]);
                    if (!gone.Children.TryGetValue(edge, out var below))
                    {
                        continue;
                    }
                    var others = Below(kept, edge);
                    if (below.Member && others is null or { IsEmpty: true })
                    {
                        list.RemoveAt(i);
                        continue;
                    }
                    var without = Without(below, schema!.Target.ListMapKeys);
                    Remove(schema.Target.Items, list[i], without, others);
                }
                return list.Count > 0 || kept is { IsEmpty: false };
            case StructureKind.Set:
                var set = (JsonArray)value!;
                for (var i = set.Count - 1; i >= 0; i--)
                {
                    var edge = Structure.ValueEdge(set[i]);
                    if (gone.Children.ContainsKey(edge) && Below(kept, edge) is null or { IsEmpty: true })
                    {
                        set.RemoveAt(i);
                    }
                }
                return set.Count > 0 || kept is { IsEmpty: false };
            default:
                return !(gone.Member && kept is not { Member: true });
        }
    }

    private static FieldSet? Below(FieldSet? set, string edge) => set is not null && set.Children.TryGetValue(edge, out var child) ? child : null;

    // The key of an item that stays is not a field to lose.
    private static FieldSet Without(FieldSet set, IReadOnlyList<string> keys)
    {
        var copy = set.Clone();
        foreach (var key in keys)
        {
            copy.Children.Remove("f:" + key);
        }
        return copy;
    }

    private static JsonArray Lists(Schema schema, JsonArray live, JsonArray applied)
    {
        var items = live.Select(J.Clone).ToList();
        var at = new Dictionary<string, int>();
        for (var i = 0; i < items.Count; i++)
        {
            at.TryAdd(Structure.KeyEdge(schema, items[i]), i);
        }
        foreach (var item in applied)
        {
            var edge = Structure.KeyEdge(schema, item);
            if (at.TryGetValue(edge, out var i))
            {
                items[i] = Merge(schema.Target.Items, items[i], item);
            }
            else
            {
                at[edge] = items.Count;
                items.Add(J.Clone(item));
            }
        }
        return new JsonArray([.. items]);
    }
}
