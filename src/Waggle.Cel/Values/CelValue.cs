namespace Waggle.Cel;

/// <summary>A value: numbers, times and truth lie in the struct itself, so that most evaluations allocate nothing.</summary>
public readonly struct CelValue
{
    private readonly long _bits;

    private CelValue(CelKind kind, long bits, object? reference = null, int nanos = 0) => (Kind, _bits, Reference, Nanos) = (kind, bits, reference, nanos);

    /// <summary>The null value.</summary>
    public static CelValue Null { get; } = new(CelKind.Null, 0);

    /// <summary>true.</summary>
    public static CelValue True { get; } = new(CelKind.Bool, 1);

    /// <summary>false.</summary>
    public static CelValue False { get; } = new(CelKind.Bool, 0);

    /// <summary>Nothing is defined for values of these kinds.</summary>
    public static CelValue NoOverload { get; } = Error("no such overload");

    /// <summary>A whole number that 64 bits cannot hold.</summary>
    public static CelValue Overflow { get; } = Error("integer overflow");

    /// <summary>String, byte[], list, map, object, name of a type, or the reason of an error.</summary>
    public object? Reference { get; }

    /// <summary>Fraction of a timestamp's second.</summary>
    public int Nanos { get; }

    /// <summary>What it is.</summary>
    public CelKind Kind { get; }

    /// <summary>No value.</summary>
    public bool IsError => Kind == CelKind.Error;

    /// <summary>true, and nothing else.</summary>
    public bool IsTrue => Kind == CelKind.Bool && _bits != 0;

    /// <summary>false, and nothing else.</summary>
    public bool IsFalse => Kind == CelKind.Bool && _bits == 0;

    /// <summary>An int, uint or double.</summary>
    public bool IsNumber => Kind is CelKind.Int or CelKind.Uint or CelKind.Double;

    /// <summary>An int; nanoseconds of a duration; seconds since 1970 of a timestamp; 0 or 1.</summary>
    public long Int => _bits;

    /// <summary>Of a uint.</summary>
    public ulong Uint => unchecked((ulong)_bits);

    /// <summary>Of a double.</summary>
    public double Double => BitConverter.Int64BitsToDouble(_bits);

    /// <summary>Of a string, a type or an error.</summary>
    public string String => (string)Reference!;

    /// <summary>Of bytes.</summary>
    public byte[] Bytes => (byte[])Reference!;

    /// <summary>Of a map.</summary>
    public CelMap Map => (CelMap)Reference!;

    /// <summary>A truth.</summary>
    public static CelValue Of(bool value) => value ? True : False;

    /// <summary>An int.</summary>
    public static CelValue Of(long value) => new(CelKind.Int, value);

    /// <summary>A uint.</summary>
    public static CelValue OfUint(ulong value) => new(CelKind.Uint, unchecked((long)value));

    /// <summary>A double.</summary>
    public static CelValue Of(double value) => new(CelKind.Double, BitConverter.DoubleToInt64Bits(value));

    /// <summary>A string.</summary>
    public static CelValue Of(string value) => new(CelKind.String, 0, value);

    /// <summary>Bytes; not copied.</summary>
    public static CelValue Of(byte[] value) => new(CelKind.Bytes, 0, value);

    /// <summary>A list, of one of the forms that <see cref="CelLists"/> knows.</summary>
    public static CelValue OfList(object list) => new(CelKind.List, 0, list);

    /// <summary>A map.</summary>
    public static CelValue Of(CelMap map) => new(CelKind.Map, 0, map);

    /// <summary>Something of the environment, of a type that it knows; equal objects are equal values.</summary>
    public static CelValue OfObject(object value) => new(CelKind.Object, 0, value);

    /// <summary>A type.</summary>
    public static CelValue OfType(string name) => new(CelKind.Type, 0, name);

    /// <summary>A point in time, of the years 1 to 9999.</summary>
    public static CelValue OfTimestamp(Int128 seconds, int nanos) => seconds < CelTimes.FirstSecond || seconds > CelTimes.LastSecond
        ? Error("timestamp out of range")
        : new(CelKind.Timestamp, (long)seconds, null, nanos);

    /// <summary>A time span; about 292 years either way.</summary>
    public static CelValue OfDuration(Int128 nanoseconds) => nanoseconds < long.MinValue || nanoseconds > long.MaxValue
        ? Error("duration out of range")
        : new(CelKind.Duration, (long)nanoseconds);

    /// <summary>No value, for this reason.</summary>
    public static CelValue Error(string reason) => new(CelKind.Error, 0, reason);

    /// <summary>For messages and tests.</summary>
    public override string ToString() => Kind switch
    {
        CelKind.Bool => IsTrue ? "true" : "false",
        CelKind.Null => "null",
        CelKind.Error => $"error: {Reference}",
        _ => CelConversions.ToText(this) is { IsError: false } text ? text.String : Kind.ToString(),
    };
}
