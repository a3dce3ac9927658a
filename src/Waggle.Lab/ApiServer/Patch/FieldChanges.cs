using System.Text.Json.Nodes;

namespace Waggle.Lab.ApiServer;

/// <summary>What differs between two states of an object, as field paths.</summary>
internal sealed class FieldChanges
{
    /// <summary>Added or with another value.</summary>
    public FieldSet Changed { get; } = new();

    public FieldSet Removed { get; } = new();

    public static FieldChanges Between(Schema schema, JsonNode? old, JsonNode? next)
    {
        var result = new FieldChanges();
        Compare(schema, old, next, result.Changed, result.Removed);
        return result;
    }

    private static void Compare(Schema? schema, JsonNode? old, JsonNode? next, FieldSet changed, FieldSet removed)
    {
        var kind = Structure.Of(schema, next);
        if (kind != Structure.Of(schema, old) || kind == StructureKind.Leaf)
        {
            if (!JsonNode.DeepEquals(old, next))
            {
                changed.AddValue(schema, next);
                if (Structure.Of(schema, old) != StructureKind.Leaf)
                {
                    removed.AddValue(schema, old);
                }
            }
            return;
        }
        switch (kind)
        {
            case StructureKind.Map:
                Maps(schema, (JsonObject)old!, (JsonObject)next!, changed, removed);
                break;
            case StructureKind.MapList:
                Lists(schema!, (JsonArray)old!, (JsonArray)next!, changed, removed);
                break;
            default:
                Sets((JsonArray)old!, (JsonArray)next!, changed, removed);
                break;
        }
    }

    private static void Maps(Schema? schema, JsonObject old, JsonObject next, FieldSet changed, FieldSet removed)
    {
        foreach (var (name, value) in next)
        {
            var edge = "f:" + name;
            if (!old.TryGetPropertyValue(name, out var before))
            {
                var child = changed.Child(edge);
                // A new map belongs to who made it, beside its fields.
                child.Member = true;
                child.AddValue(schema?.Property(name), value);
                continue;
            }
            if (!JsonNode.DeepEquals(before, value))
            {
                Compare(schema?.Property(name), before, value, changed.Child(edge), removed.Child(edge));
                Trim(changed, edge);
                Trim(removed, edge);
            }
        }
        foreach (var (name, value) in old)
        {
            if (!next.ContainsKey(name))
            {
                var child = removed.Child("f:" + name);
                child.Member = true;
                child.AddValue(schema?.Property(name), value);
            }
        }
    }

    private static void Lists(Schema schema, JsonArray old, JsonArray next, FieldSet changed, FieldSet removed)
    {
        var before = new Dictionary<string, JsonNode?>();
        foreach (var item in old)
        {
            before.TryAdd(Structure.KeyEdge(schema, item), item);
        }
        var seen = new HashSet<string>();
        foreach (var item in next)
        {
            var edge = Structure.KeyEdge(schema, item);
            if (!seen.Add(edge))
            {
                // Some lists may repeat a key (env): the first stands for it.
                continue;
            }
            if (before.Remove(edge, out var same))
            {
                if (!JsonNode.DeepEquals(same, item))
                {
                    Compare(schema.Target.Items, same, item, changed.Child(edge), removed.Child(edge));
                    Trim(changed, edge);
                    Trim(removed, edge);
                }
            }
            else
            {
                var child = changed.Child(edge);
                child.Member = true;
                child.AddValue(schema.Target.Items, item);
            }
        }
        foreach (var (edge, item) in before)
        {
            var child = removed.Child(edge);
            child.Member = true;
            child.AddValue(schema.Target.Items, item);
        }
    }

    private static void Sets(JsonArray old, JsonArray next, FieldSet changed, FieldSet removed)
    {
        var before = old.Select(Structure.ValueEdge).ToHashSet();
        foreach (var edge in next.Select(Structure.ValueEdge))
        {
            if (!before.Remove(edge))
            {
                changed.Child(edge).Member = true;
            }
        }
        foreach (var edge in before)
        {
            removed.Child(edge).Member = true;
        }
    }

    private static void Trim(FieldSet set, string edge)
    {
        if (set.Children[edge].IsEmpty)
        {
            set.Children.Remove(edge);
        }
    }
}
