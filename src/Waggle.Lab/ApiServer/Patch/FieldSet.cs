using System.Text.Json.Nodes;

namespace Waggle.Lab.ApiServer;

/// <summary>
/// A set of field paths as a tree; the form of managedFields' fieldsV1. Edges are named as there: <c>f:name</c>,
/// <c>k:{"name":"x"}</c> (item of a map list) and <c>v:"x"</c> (item of a set).
/// </summary>
internal sealed class FieldSet
{
    /// <summary>The path that ends here is in the set.</summary>
    public bool Member { get; set; }

    public SortedDictionary<string, FieldSet> Children { get; } = new(StringComparer.Ordinal);

    public bool IsEmpty => !Member && Children.Count == 0;

    public FieldSet Child(string edge)
    {
        if (!Children.TryGetValue(edge, out var child))
        {
            Children[edge] = child = new FieldSet();
        }
        return child;
    }

    /// <summary>The paths of a value: its leaves, and the items of map lists.</summary>
    public static FieldSet Of(Schema? schema, JsonNode? value)
    {
        var set = new FieldSet();
        set.AddValue(schema, value);
        return set;
    }

    public void AddValue(Schema? schema, JsonNode? value)
    {
        switch (Structure.Of(schema, value))
        {
            case StructureKind.Map when value is JsonObject { Count: > 0 } map:
                foreach (var (name, child) in map)
                {
                    Child("f:" + name).AddValue(schema?.Property(name), child);
                }
                break;
            case StructureKind.MapList when value is JsonArray { Count: > 0 } list:
                foreach (var item in list)
                {
                    var child = Child(Structure.KeyEdge(schema!, item));
                    child.Member = true;
                    child.AddValue(schema!.Target.Items, item);
                }
                break;
            case StructureKind.Set when value is JsonArray { Count: > 0 } list:
                foreach (var item in list)
                {
                    Child(Structure.ValueEdge(item)).Member = true;
                }
                break;
            default:
                Member = true;
                break;
        }
    }

    public bool Contains(FieldSet other)
    {
        if (other.Member && !Member)
        {
            return false;
        }
        foreach (var (edge, child) in other.Children)
        {
            if (!Children.TryGetValue(edge, out var own) ? !child.IsEmpty : !own.Contains(child))
            {
                return false;
            }
        }
        return true;
    }

    public bool SetEquals(FieldSet other) => Contains(other) && other.Contains(this);

    public void Add(FieldSet other)
    {
        Member |= other.Member;
        foreach (var (edge, child) in other.Children)
        {
            Child(edge).Add(child);
        }
    }

    /// <summary>Takes away exactly the paths of the other set.</summary>
    public void Remove(FieldSet other)
    {
        if (other.Member)
        {
            Member = false;
        }
        foreach (var (edge, child) in other.Children)
        {
            if (Children.TryGetValue(edge, out var own))
            {
                own.Remove(child);
                if (own.IsEmpty)
                {
                    Children.Remove(edge);
                }
            }
        }
    }

    /// <summary>Takes away the paths of the other set and all below them.</summary>
    public void RemoveBelow(FieldSet other)
    {
        if (other.Member)
        {
            Member = false;
            if (other.Children.Count == 0)
            {
                Children.Clear();
            }
        }
        foreach (var (edge, child) in other.Children)
        {
            if (Children.TryGetValue(edge, out var own))
            {
                own.RemoveBelow(child);
                if (own.IsEmpty)
                {
                    Children.Remove(edge);
                }
            }
        }
    }

    public FieldSet Clone()
    {
        var copy = new FieldSet();
        copy.Add(this);
        return copy;
    }

    public JsonObject ToJson()
    {
        var result = new JsonObject();
        if (Member && Children.Count > 0)
        {
            result["."] = new JsonObject();
        }
        foreach (var (edge, child) in Children)
        {
            result[edge] = child.ToJson();
        }
        return result;
    }

    public static FieldSet FromJson(JsonObject json, int depth = 0)
    {
        var set = new FieldSet();
        if (json.Count == 0)
        {
            set.Member = depth > 0;
        }
        foreach (var (edge, child) in json)
        {
            if (edge == ".")
            {
                set.Member = true;
            }
            else if (child is JsonObject map)
            {
                set.Children[edge] = FromJson(map, depth + 1);
            }
        }
        return set;
    }

    /// <summary>The member paths as people read them: <c>.spec.replicas</c>, <c>.spec.containers[name="x"].image</c>.</summary>
    public IEnumerable<string> Paths(string prefix = "")
    {
        if (Member && prefix.Length > 0)
        {
            yield return prefix;
        }
        foreach (var (edge, child) in Children)
        {
            foreach (var path in child.Paths(prefix + Structure.Show(edge)))
            {
                yield return path;
            }
        }
    }
}
