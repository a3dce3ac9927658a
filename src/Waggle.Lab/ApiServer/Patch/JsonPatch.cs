using System.Globalization;
using System.Text.Json.Nodes;

namespace Waggle.Lab.ApiServer;

/// <summary>JSON Patch (RFC 6902) with JSON Pointer (RFC 6901).</summary>
internal static class JsonPatch
{
    private const int MaxOperations = 10_000;

    /// <exception cref="ApiException">400 for a malformed patch, 422 when it does not fit the object or a test fails.</exception>
    public static JsonNode? Apply(JsonNode? document, JsonNode? patch)
    {
        if (patch is not JsonArray operations)
        {
            throw ApiException.BadRequest("a JSON patch must be a list of operations");
        }
        if (operations.Count > MaxOperations)
        {
            throw ApiException.TooLarge($"a JSON patch may have at most {MaxOperations} operations");
        }
        // A holder makes the document itself a member, so that "" needs no special case.
        var root = new JsonObject { ["d"] = document };
        foreach (var operation in operations)
        {
            var path = Pointer(operation, "path");
            switch (J.Str(operation, "op"))
            {
                case "add":
                    Add(root, path, Value(operation));
                    break;
                case "remove":
                    Remove(root, path);
                    break;
                case "replace":
                    Get(root, path);
                    Set(root, path, Value(operation));
                    break;
                case "move":
                    var from = Pointer(operation, "from");
                    if (path.Length > from.Length && path.AsSpan(0, from.Length).SequenceEqual(from))
                    {
                        throw Fault(path, "a value cannot be moved into itself");
                    }
                    var moved = J.Clone(Get(root, from));
                    Remove(root, from);
                    Add(root, path, moved);
                    break;
                case "copy":
                    Add(root, path, J.Clone(Get(root, Pointer(operation, "from"))));
                    break;
                case "test":
                    if (!JsonNode.DeepEquals(Get(root, path), (operation as JsonObject)?["value"]))
                    {
                        throw Fault(path, "testing value failed");
                    }
                    break;
                case var other:
                    throw ApiException.BadRequest($"unknown JSON patch operation \"{other}\"");
            }
        }
        var result = root["d"];
        root.Remove("d");
        return result;
    }

    private static string[] Pointer(JsonNode? operation, string member)
    {
        var text = J.Str(operation, member) ?? throw ApiException.BadRequest($"a JSON patch operation lacks \"{member}\"");
        if (text.Length > 0 && text[0] != '/')
        {
            throw ApiException.BadRequest($"the JSON pointer \"{text}\" must begin with '/'");
        }
        var parts = text.Split('/');
        parts[0] = "d";
        for (var i = 1; i < parts.Length; i++)
        {
            parts[i] = parts[i].Replace("~1", "/", StringComparison.Ordinal).Replace("~0", "~", StringComparison.Ordinal);
        }
        return parts;
    }

    private static JsonNode? Value(JsonNode? operation) =>
        operation is JsonObject map && map.TryGetPropertyValue("value", out var value) ? J.Clone(value) : throw ApiException.BadRequest("a JSON patch operation lacks \"value\"");

    private static JsonNode? Get(JsonNode root, string[] path)
    {
        var node = (JsonNode?)root;
        foreach (var part in path)
        {
            node = node switch
            {
                JsonObject map when map.TryGetPropertyValue(part, out var child) => child,
                JsonArray list => list[Index(list, part, path, end: false)],
                _ => throw Fault(path, "the path does not exist"),
            };
        }
        return node;
    }

    private static void Add(JsonNode root, string[] path, JsonNode? value)
    {
        switch (Get(root, path[..^1]))
        {
            case JsonObject map:
                map[path[^1]] = value;
                break;
            case JsonArray list:
                list.Insert(Index(list, path[^1], path, end: true), value);
                break;
            default:
                throw Fault(path, "the parent is neither an object nor a list");
        }
    }

    private static void Set(JsonNode root, string[] path, JsonNode? value)
    {
        switch (Get(root, path[..^1]))
        {
            case JsonObject map:
                map[path[^1]] = value;
                break;
            case JsonArray list:
                list[Index(list, path[^1], path, end: false)] = value;
                break;
        }
    }

    private static void Remove(JsonNode root, string[] path)
    {
        switch (Get(root, path[..^1]))
        {
            case JsonObject map when map.Remove(path[^1]):
                break;
            case JsonArray list:
                list.RemoveAt(Index(list, path[^1], path, end: false));
                break;
            default:
                throw Fault(path, "the path does not exist");
        }
    }

    private static int Index(JsonArray list, string part, string[] path, bool end)
    {
        if (end && part == "-")
        {
            return list.Count;
        }
        if (!int.TryParse(part, NumberStyles.None, CultureInfo.InvariantCulture, out var index) || index >= list.Count + (end ? 1 : 0))
        {
            throw Fault(path, "the list index is out of range");
        }
        return index;
    }

    private static ApiException Fault(string[] path, string what) => new(422, "Invalid", $"the server rejected our request due to an error in our request: JSON patch at /{string.Join('/', path[1..])}: {what}");
}
