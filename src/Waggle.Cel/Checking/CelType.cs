namespace Waggle.Cel;

/// <summary>What is known of a value before there is one.</summary>
/// <param name="Kind">What it will be; null: anything ("dyn").</param>
/// <param name="Element">Of lists and maps.</param>
/// <param name="Key">Of maps.</param>
/// <param name="Object">Of objects.</param>
/// <param name="Nullable">A wrapper message of protobuf: the value or null.</param>
public sealed record CelType(CelKind? Kind, CelType? Element = null, CelType? Key = null, CelObjectType? Object = null, bool Nullable = false)
{
    private static readonly Dictionary<string, CelKind> Names = new()
    {
        ["bool"] = CelKind.Bool,
        ["int"] = CelKind.Int,
        ["uint"] = CelKind.Uint,
        ["double"] = CelKind.Double,
        ["string"] = CelKind.String,
        ["bytes"] = CelKind.Bytes,
        ["list"] = CelKind.List,
        ["map"] = CelKind.Map,
        ["null_type"] = CelKind.Null,
        ["type"] = CelKind.Type,
        ["google.protobuf.Timestamp"] = CelKind.Timestamp,
        ["google.protobuf.Duration"] = CelKind.Duration,
    };

    /// <summary>Anything: what it is, the evaluation sees.</summary>
    public static CelType Dyn { get; } = new((CelKind?)null);

    /// <summary>null.</summary>
    public static CelType Null { get; } = new(CelKind.Null);

    /// <summary>true or false.</summary>
    public static CelType Bool { get; } = new(CelKind.Bool);

    /// <summary>A whole number of 64 bits with a sign.</summary>
    public static CelType Int { get; } = new(CelKind.Int);

    /// <summary>A whole number of 64 bits without a sign.</summary>
    public static CelType Uint { get; } = new(CelKind.Uint);

    /// <summary>A number of 64 bits with a fraction.</summary>
    public static CelType Double { get; } = new(CelKind.Double);

    /// <summary>Text.</summary>
    public static CelType String { get; } = new(CelKind.String);

    /// <summary>Bytes.</summary>
    public static CelType Bytes { get; } = new(CelKind.Bytes);

    /// <summary>A point in time.</summary>
    public static CelType Timestamp { get; } = new(CelKind.Timestamp);

    /// <summary>A time span.</summary>
    public static CelType Duration { get; } = new(CelKind.Duration);

    /// <summary>A type as a value.</summary>
    public static CelType Type { get; } = new(CelKind.Type);

    /// <summary>A list of anything.</summary>
    public static CelType List { get; } = ListOf(Dyn);

    /// <summary>A map of anything.</summary>
    public static CelType Map { get; } = MapOf(Dyn, Dyn);

    /// <summary>Whether nothing is known.</summary>
    public bool IsDyn => Kind is null;

    private bool MayBeNull => Nullable || Kind is CelKind.Object or CelKind.Timestamp or CelKind.Duration or CelKind.Null;

    /// <summary>A list.</summary>
    public static CelType ListOf(CelType element) => new(CelKind.List, element);

    /// <summary>A map.</summary>
    public static CelType MapOf(CelType key, CelType value) => new(CelKind.Map, value, key);

    /// <summary>An object with known fields.</summary>
    public static CelType Of(CelObjectType type) => new(CelKind.Object, Object: type);

    /// <summary>The type of that name, as a value; null when the language has none.</summary>
    public static (CelType Type, CelValue Value)? Named(string name) => Names.ContainsKey(name) ? (Type, CelValue.OfType(name)) : null;

    /// <summary>The name of the type of values of this kind; objects have names of their own.</summary>
    internal static string NameOf(CelKind kind) => Names.FirstOrDefault(n => n.Value == kind).Key ?? "dyn";

    /// <summary>The type of something that is either; null when the two have nothing in common.</summary>
    public static CelType? Join(CelType a, CelType b)
    {
        if (a.IsDyn || b.IsDyn)
        {
            return Dyn;
        }

        if (a.Kind == CelKind.Null || b.Kind == CelKind.Null)
        {
            var other = a.Kind == CelKind.Null ? b : a;
            return other.MayBeNull ? other : null;
        }

        if (a.Kind != b.Kind || a.Object != b.Object)
        {
            return null;
        }

        switch (a.Kind)
        {
            case CelKind.List:
                return Join(a.Element!, b.Element!) is { } element ? ListOf(element) : null;
            case CelKind.Map:
                return Join(a.Key!, b.Key!) is { } key && Join(a.Element!, b.Element!) is { } value ? MapOf(key, value) : null;
            default:
                return a.Nullable ? a : b;
        }
    }

    /// <summary>Whether a value of this type may stand where the other one is wanted.</summary>
    public bool Fits(CelType wanted) => Kind == CelKind.Null ? wanted.IsDyn || wanted.MayBeNull : Join(this, wanted) is not null;

    /// <summary>As the language writes it.</summary>
    public override string ToString()
    {
        var name = Kind switch
        {
            null => "dyn",
            CelKind.List => $"list({Element})",
            CelKind.Map => $"map({Key}, {Element})",
            CelKind.Object => Object!.Name,
            var kind => NameOf(kind.Value),
        };
        return Nullable ? $"wrapper({name})" : name;
    }
}
