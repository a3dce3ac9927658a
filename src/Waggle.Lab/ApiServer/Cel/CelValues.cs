using System.Collections;
using System.Text.Json.Nodes;

namespace Waggle.Lab.ApiServer;

/// <summary>Equality, order and arithmetic of CEL values, and the view of JSON as such values.</summary>
internal static class CelValues
{
    /// <summary>JSON as CEL sees it; nothing is copied but scalars.</summary>
    public static object? From(JsonNode? node) => node switch
    {
        null => null,
        JsonObject map => new MapView(map),
        JsonArray list => new ListView(list),
        _ => J.Text(node) ?? J.Bool(node) ?? J.Int(node) ?? (object?)J.Number(node),
    };

    public static bool AreEqual(object? a, object? b)
    {
        switch (a, b)
        {
            case (long x, double y):
                return x == y;
            case (double x, long y):
                return x == y;
            case (IReadOnlyList<object?> x, IReadOnlyList<object?> y):
                return x.Count == y.Count && x.Zip(y).All(p => AreEqual(p.First, p.Second));
            case (IReadOnlyDictionary<string, object?> x, IReadOnlyDictionary<string, object?> y):
                return x.Count == y.Count && x.All(p => y.TryGetValue(p.Key, out var other) && AreEqual(p.Value, other));
            default:
                return Equals(a, b);
        }
    }

    public static int Compare(object? a, object? b) => (a, b) switch
    {
        (long x, long y) => x.CompareTo(y),
        (double x, double y) => x.CompareTo(y),
        (long x, double y) => ((double)x).CompareTo(y),
        (double x, long y) => x.CompareTo(y),
        (string x, string y) => string.CompareOrdinal(x, y),
        (bool x, bool y) => x.CompareTo(y),
        (TimeSpan x, TimeSpan y) => x.CompareTo(y),
        (DateTimeOffset x, DateTimeOffset y) => x.CompareTo(y),
        _ => throw new CelException("no such overload: values of these types have no order"),
    };

    public static object? Arithmetic(string op, object? a, object? b)
    {
        try
        {
            return (op, a, b) switch
            {
                ("+", long x, long y) => checked(x + y),
                ("-", long x, long y) => checked(x - y),
                ("*", long x, long y) => checked(x * y),
                ("/", long x, long y) => y == 0 ? throw new CelException("division by zero") : checked(x / y),
                ("%", long x, long y) => y == 0 ? throw new CelException("modulus by zero") : x % y,
                ("+", double x, double y) => x + y,
                ("-", double x, double y) => x - y,
                ("-", 0L, double y) => -y,
                ("*", double x, double y) => x * y,
                ("/", double x, double y) => x / y,
                ("+", string x, string y) => x.Length + y.Length > 1_000_000 ? throw new CelException("the text is too long") : x + y,
                ("+", IReadOnlyList<object?> x, IReadOnlyList<object?> y) => (IReadOnlyList<object?>)[.. x, .. y],
                ("+", TimeSpan x, TimeSpan y) => x + y,
                ("-", TimeSpan x, TimeSpan y) => x - y,
                ("+", DateTimeOffset x, TimeSpan y) => x + y,
                ("-", DateTimeOffset x, TimeSpan y) => x - y,
                ("-", DateTimeOffset x, DateTimeOffset y) => x - y,
                _ => throw new CelException($"no such overload: {op}"),
            };
        }
        catch (OverflowException)
        {
            throw new CelException("integer overflow");
        }
    }

    private sealed class ListView(JsonArray list) : IReadOnlyList<object?>
    {
        public int Count => list.Count;

        public object? this[int index] => From(list[index]);

        public IEnumerator<object?> GetEnumerator() => list.Select(From).GetEnumerator();

        IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();
    }

    private sealed class MapView(JsonObject map) : IReadOnlyDictionary<string, object?>
    {
        public int Count => map.Count;

        public IEnumerable<string> Keys => map.Select(p => p.Key);

        public IEnumerable<object?> Values => map.Select(p => From(p.Value));

        public object? this[string key] => From(map[key]);

        public bool ContainsKey(string key) => map.TryGetPropertyValue(key, out var value) && value is not null;

        public bool TryGetValue(string key, out object? value)
        {
            var found = map.TryGetPropertyValue(key, out var node);
            value = From(node);
            return found;
        }

        public IEnumerator<KeyValuePair<string, object?>> GetEnumerator() => map.Select(p => KeyValuePair.Create(p.Key, From(p.Value))).GetEnumerator();

        IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();
    }
}
