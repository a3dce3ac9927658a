using System.Text.Json.Nodes;
using Waggle.Cel;

namespace Waggle.Lab.ApiServer;

/// <summary>JSON as values of CEL; nothing is copied but scalars.</summary>
internal static class JsonValues
{
    /// <param name="node">The JSON.</param>
    /// <param name="schema">Tells whether a number has a fraction, however it is written; null: only the JSON tells.</param>
    public static CelValue Of(JsonNode? node, Schema? schema)
    {
        switch (node)
        {
            case null:
                return CelValue.Null;
            case JsonObject map:
                return CelValue.Of(new MapView(map, schema));
            case JsonArray list:
                return CelValue.OfList(new ListView(list, schema?.Target.Items));
        }
        if (J.Text(node) is { } text)
        {
            return CelValue.Of(text);
        }
        if (J.Bool(node) is { } truth)
        {
            return CelValue.Of(truth);
        }
        return schema?.Target.Type != SchemaType.Number && J.Int(node) is { } whole ? CelValue.Of(whole) : CelValue.Of(J.Number(node) ?? double.NaN);
    }

    private sealed class ListView(JsonArray list, Schema? items) : CelList
    {
        public override int Count => list.Count;

        public override CelValue At(int index) => Of(list[index], items);
    }

    private sealed class MapView(JsonObject map, Schema? schema) : CelMap
    {
        public override int Count => map.Count;

        public override CelValue[] Keys => [.. map.Select(p => CelValue.Of(p.Key))];

        public override bool TryGet(in CelValue key, out CelValue value)
        {
            JsonNode? node = null;
            var found = key.Kind == CelKind.String && map.TryGetPropertyValue(key.String, out node);
            value = found ? Of(node, schema?.Property(key.String)) : CelValue.Null;
            return found;
        }

        /// <summary>A null is there, but counts as not set.</summary>
        public override bool Has(in CelValue key) => key.Kind == CelKind.String && map.TryGetPropertyValue(key.String, out var node) && node is not null;
    }
}
