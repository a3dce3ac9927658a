namespace Waggle.Hubble.Cel;

/// <summary>A map as written in an expression. Numbers that are equal are the same key, whatever their types.</summary>
internal sealed class CelMap
{
    private readonly Dictionary<CelValue, CelValue> _entries = new(KeyComparer.Instance);

    public int Count => _entries.Count;

    public IReadOnlyCollection<CelValue> Keys => _entries.Keys;

    public static bool IsKey(in CelValue value) => value.Kind is CelKind.Bool or CelKind.Int or CelKind.Uint or CelKind.String;

    public bool TryAdd(in CelValue key, in CelValue value) => _entries.TryAdd(key, value);

    public bool TryGet(in CelValue key, out CelValue value) => _entries.TryGetValue(key, out value);

    private sealed class KeyComparer : IEqualityComparer<CelValue>
    {
        public static KeyComparer Instance { get; } = new();

        public bool Equals(CelValue x, CelValue y) => CelEquality.OfScalars(x, y);

        public int GetHashCode(CelValue value) => value.Kind switch
        {
            CelKind.String => string.GetHashCode(value.String, StringComparison.Ordinal),
            CelKind.Double => ((long)value.Double).GetHashCode(),
            _ => value.Int.GetHashCode(),
        };
    }
}
