using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Waggle.Cli.Output;

/// <summary>One step of a path: from a value to the values below it.</summary>
internal abstract record JsonPathStep
{
    public abstract IEnumerable<JsonNode?> Apply(JsonNode? value);

    internal sealed record Field(string Name) : JsonPathStep
    {
        public override IEnumerable<JsonNode?> Apply(JsonNode? value) =>
            value is JsonObject fields && fields.TryGetPropertyValue(Name, out var child) ? [child] : [];
    }

    internal sealed record Wildcard : JsonPathStep
    {
        public override IEnumerable<JsonNode?> Apply(JsonNode? value) => value switch
        {
            JsonArray list => list,
            JsonObject fields => fields.Select(field => field.Value),
            _ => [],
        };
    }

    /// <summary>Half-open; negative numbers count from the end.</summary>
    internal sealed record Slice(int? From, int? To, int Stride) : JsonPathStep
    {
        public override IEnumerable<JsonNode?> Apply(JsonNode? value)
        {
            if (value is not JsonArray list)
            {
                yield break;
            }

            var from = Clamp(From ?? 0, list.Count);
            var to = Clamp(To ?? list.Count, list.Count);
            for (var i = from; i < to; i += Stride)
            {
                yield return list[i];
            }
        }

        private static int Clamp(int index, int count) => Math.Clamp(index < 0 ? index + count : index, 0, count);
    }

    internal sealed record Index(int Position) : JsonPathStep
    {
        public override IEnumerable<JsonNode?> Apply(JsonNode? value)
        {
            var list = value as JsonArray;
            var position = list is not null && Position < 0 ? Position + list.Count : Position;
            return list is not null && position >= 0 && position < list.Count ? [list[position]] : [];
        }
    }

    internal sealed record Descend(string Name) : JsonPathStep
    {
        public override IEnumerable<JsonNode?> Apply(JsonNode? value)
        {
            if (value is JsonObject fields)
            {
                if (fields.TryGetPropertyValue(Name, out var own))
                {
                    yield return own;
                }

                foreach (var found in fields.SelectMany(field => Apply(field.Value)))
                {
                    yield return found;
                }
            }
            else if (value is JsonArray list)
            {
                foreach (var found in list.SelectMany(Apply))
                {
                    yield return found;
                }
            }
        }
    }

    /// <summary><c>[?(@.path op literal)]</c>; without an operator the path must exist.</summary>
    internal sealed record Filter(IReadOnlyList<JsonPathStep> Path, string? Operator, JsonNode? Literal) : JsonPathStep
    {
        public override IEnumerable<JsonNode?> Apply(JsonNode? value) => value is JsonArray list ? list.Where(Matches) : [];

        private bool Matches(JsonNode? item)
        {
            var found = JsonPath.Evaluate(Path, item).ToList();
            return Operator is null ? found.Count > 0 : found.Any(Compare);
        }

        private bool Compare(JsonNode? value)
        {
            int order;
            if (Number(value) is { } left && Number(Literal) is { } right)
            {
                order = left.CompareTo(right);
            }
            else
            {
                order = string.CompareOrdinal(Text(value), Text(Literal));
            }

            return Operator switch
            {
                "==" => order == 0,
                "!=" => order != 0,
                "<" => order < 0,
                "<=" => order <= 0,
                ">" => order > 0,
                _ => order >= 0,
            };
        }

        private static double? Number(JsonNode? value) =>
            value?.GetValueKind() == JsonValueKind.Number ? double.Parse(value.ToJsonString(), CultureInfo.InvariantCulture) : null;

        private static string Text(JsonNode? value) => value?.GetValueKind() == JsonValueKind.String ? value.GetValue<string>() : value?.ToJsonString() ?? "null";
    }
}
