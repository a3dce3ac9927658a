namespace Waggle.Cel;

/// <summary>A map. Numbers that are equal are the same key, whatever their types.</summary>
public abstract class CelMap
{
    /// <summary>Number of its entries.</summary>
    public abstract int Count { get; }

    /// <summary>A copy of its keys.</summary>
    public abstract CelValue[] Keys { get; }

    /// <summary>The value of a key.</summary>
    public abstract bool TryGet(in CelValue key, out CelValue value);

    /// <summary>Whether has() and in find the key.</summary>
    public virtual bool Has(in CelValue key) => TryGet(key, out _);

    internal static bool IsKey(in CelValue value) => value.Kind is CelKind.Bool or CelKind.Int or CelKind.Uint or CelKind.String;
}

/// <summary>A map as written in an expression.</summary>
internal sealed class CelLiteralMap : CelMap
{
    private readonly Dictionary<CelValue, CelValue> _entries = new(KeyComparer.Instance);

    public override int Count => _entries.Count;

    public override CelValue[] Keys => [.. _entries.Keys];

    public bool TryAdd(in CelValue key, in CelValue value) => _entries.TryAdd(key, value);

    public override bool TryGet(in CelValue key, out CelValue value) => _entries.TryGetValue(key, out value);

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
