using Google.Protobuf.Reflection;

namespace Waggle.Hubble.Cel;

/// <summary>What is known of a value before there is one.</summary>
/// <param name="Kind">What it will be; null: anything ("dyn").</param>
/// <param name="Element">Of lists and maps.</param>
/// <param name="Key">Of maps.</param>
/// <param name="Descriptor">Of messages.</param>
/// <param name="Nullable">A wrapper message of protobuf: the value or null.</param>
internal sealed record CelType(CelKind? Kind, CelType? Element = null, CelType? Key = null, MessageDescriptor? Descriptor = null, bool Nullable = false)
{
    public static CelType Dyn { get; } = new((CelKind?)null);

    public static CelType Null { get; } = new(CelKind.Null);

    public static CelType Bool { get; } = new(CelKind.Bool);

    public static CelType Int { get; } = new(CelKind.Int);

    public static CelType Uint { get; } = new(CelKind.Uint);

    public static CelType Double { get; } = new(CelKind.Double);

    public static CelType String { get; } = new(CelKind.String);

    public static CelType Bytes { get; } = new(CelKind.Bytes);

    public static CelType Timestamp { get; } = new(CelKind.Timestamp);

    public static CelType Duration { get; } = new(CelKind.Duration);

    public static CelType Type { get; } = new(CelKind.Type);

    public bool IsDyn => Kind is null;

    private bool MayBeNull => Nullable || Kind is CelKind.Message or CelKind.Timestamp or CelKind.Duration or CelKind.Null;

    public static CelType ListOf(CelType element) => new(CelKind.List, element);

    public static CelType MapOf(CelType key, CelType value) => new(CelKind.Map, value, key);

    public static bool IsWrapper(MessageDescriptor message) => message.File.Name == "google/protobuf/wrappers.proto";

    public static CelType Message(MessageDescriptor message) => message.FullName switch
    {
        "google.protobuf.Timestamp" => Timestamp,
        "google.protobuf.Duration" => Duration,
        _ when IsWrapper(message) => CelFields.TypeOf(message.FindFieldByNumber(1)) with { Nullable = true },
        _ => new(CelKind.Message, Descriptor: message),
    };

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

        if (a.Kind != b.Kind || a.Descriptor != b.Descriptor)
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

    public override string ToString()
    {
        var name = Kind switch
        {
            null => "dyn",
            CelKind.Null => "null_type",
            CelKind.Timestamp => "google.protobuf.Timestamp",
            CelKind.Duration => "google.protobuf.Duration",
            CelKind.List => $"list({Element})",
            CelKind.Map => $"map({Key}, {Element})",
            CelKind.Message => Descriptor!.FullName,
            _ => Kind.Value.ToString().ToLowerInvariant(),
        };
        return Nullable ? $"wrapper({name})" : name;
    }
}
