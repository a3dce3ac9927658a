using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Waggle.Lab.ApiServer;

/// <summary>Short, total accessors on JSON trees: a missing member or a wrong type is null, never an exception.</summary>
internal static class J
{
    public static string? Text(JsonNode? node) => node is JsonValue v && v.TryGetValue(out string? s) ? s : null;

    public static bool? Bool(JsonNode? node) => node is JsonValue v && v.TryGetValue(out bool b) ? b : null;

    public static long? Int(JsonNode? node)
    {
        if (node is not JsonValue v)
        {
            return null;
        }
        if (v.TryGetValue(out long l))
        {
            return l;
        }
        if (v.TryGetValue(out int i))
        {
            return i;
        }
        return v.TryGetValue(out double d) && Math.Floor(d) == d && Math.Abs(d) < 9e15 ? (long)d : null;
    }

    public static double? Number(JsonNode? node)
    {
        if (node is not JsonValue v)
        {
            return null;
        }
        if (v.TryGetValue(out double d))
        {
            return d;
        }
        return Int(node);
    }

    public static JsonObject? Obj(JsonNode? node, string name) => (node as JsonObject)?[name] as JsonObject;

    public static JsonArray? Arr(JsonNode? node, string name) => (node as JsonObject)?[name] as JsonArray;

    public static string? Str(JsonNode? node, string name) => Text((node as JsonObject)?[name]);

    public static JsonNode? At(JsonNode? node, params ReadOnlySpan<string> path)
    {
        foreach (var name in path)
        {
            node = (node as JsonObject)?[name];
        }
        return node;
    }

    /// <summary>The child object, made when missing or of another type.</summary>
    public static JsonObject Ensure(JsonObject parent, string name)
    {
        if (parent[name] is JsonObject existing)
        {
            return existing;
        }
        var made = new JsonObject();
        parent[name] = made;
        return made;
    }

    public static JsonNode? Clone(JsonNode? node) => node?.DeepClone();

    public static JsonValue Num(long value) => JsonValue.Create(value);

    /// <summary>The text of a scalar as a user would write it; JSON for the rest.</summary>
    public static string Show(JsonNode? node) => node switch
    {
        null => "null",
        JsonValue v when v.TryGetValue(out string? s) => s,
        JsonValue v when v.TryGetValue(out bool b) => b ? "true" : "false",
        JsonValue v when v.TryGetValue(out long l) => l.ToString(CultureInfo.InvariantCulture),
        _ => node.ToJsonString(JsonText.NodeOptions),
    };

    public static JsonValueKind Kind(JsonNode? node) => node?.GetValueKind() ?? JsonValueKind.Null;

    public static JsonArray Strings(IEnumerable<string> items)
    {
        var array = new JsonArray();
        foreach (var item in items)
        {
            array.Add((JsonNode)item);
        }
        return array;
    }

    /// <summary>RFC 3339 in whole seconds, as Kubernetes writes metav1.Time.</summary>
    public static string Time(DateTimeOffset time) => time.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture);

    public static DateTimeOffset? ParseTime(string? text) =>
        DateTimeOffset.TryParse(text, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal | DateTimeStyles.AdjustToUniversal, out var time) ? time : null;
}
