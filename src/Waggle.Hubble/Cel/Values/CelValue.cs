using Google.Protobuf;
using Google.Protobuf.WellKnownTypes;

namespace Waggle.Hubble.Cel;

/// <summary>A value: numbers, times and truth lie in the struct itself, so that most evaluations allocate nothing.</summary>
internal readonly struct CelValue
{
    private readonly long _bits;

    private CelValue(CelKind kind, long bits, object? reference = null, int nanos = 0) => (Kind, _bits, Reference, Nanos) = (kind, bits, reference, nanos);

    /// <summary>The null value.</summary>
    public static CelValue Null { get; } = new(CelKind.Null, 0);

    public static CelValue True { get; } = new(CelKind.Bool, 1);

    public static CelValue False { get; } = new(CelKind.Bool, 0);

    public static CelValue NoOverload { get; } = Error("no such overload");

    public static CelValue Overflow { get; } = Error("integer overflow");

    /// <summary>String, byte[], list, map, message, name of a type, or the reason of an error.</summary>
    public object? Reference { get; }

    /// <summary>Fraction of a timestamp's second.</summary>
    public int Nanos { get; }

    public CelKind Kind { get; }

    public bool IsError => Kind == CelKind.Error;

    public bool IsTrue => Kind == CelKind.Bool && _bits != 0;

    public bool IsFalse => Kind == CelKind.Bool && _bits == 0;

    public bool IsNumber => Kind is CelKind.Int or CelKind.Uint or CelKind.Double;

    /// <summary>An int; nanoseconds of a duration; seconds since 1970 of a timestamp; 0 or 1.</summary>
    public long Int => _bits;

    public ulong Uint => unchecked((ulong)_bits);

    public double Double => BitConverter.Int64BitsToDouble(_bits);

    public string String => (string)Reference!;

    public byte[] Bytes => (byte[])Reference!;

    public static CelValue Of(bool value) => value ? True : False;

    public static CelValue Of(long value) => new(CelKind.Int, value);

    public static CelValue OfUint(ulong value) => new(CelKind.Uint, unchecked((long)value));

    public static CelValue Of(double value) => new(CelKind.Double, BitConverter.DoubleToInt64Bits(value));

    public static CelValue Of(string value) => new(CelKind.String, 0, value);

    public static CelValue Of(byte[] value) => new(CelKind.Bytes, 0, value);

    /// <summary>A list, of one of the forms that <see cref="CelLists"/> knows.</summary>
    public static CelValue OfList(object list) => new(CelKind.List, 0, list);

    public static CelValue Of(CelMap map) => new(CelKind.Map, 0, map);

    public static CelValue Of(IMessage message) => message switch
    {
        Timestamp time => OfTimestamp(time.Seconds, time.Nanos),
        Duration span => OfDuration(((Int128)span.Seconds * 1_000_000_000) + span.Nanos),
        _ => new(CelKind.Message, 0, message),
    };

    public static CelValue OfType(string name) => new(CelKind.Type, 0, name);

    /// <summary>A point in time, of the years 1 to 9999.</summary>
    public static CelValue OfTimestamp(Int128 seconds, int nanos) => seconds < CelTimes.FirstSecond || seconds > CelTimes.LastSecond
        ? Error("timestamp out of range")
        : new(CelKind.Timestamp, (long)seconds, null, nanos);

    /// <summary>A time span; about 292 years either way.</summary>
    public static CelValue OfDuration(Int128 nanoseconds) => nanoseconds < long.MinValue || nanoseconds > long.MaxValue
        ? Error("duration out of range")
        : new(CelKind.Duration, (long)nanoseconds);

    public static CelValue Error(string reason) => new(CelKind.Error, 0, reason);

    public override string ToString() => Kind switch
    {
        CelKind.Bool => IsTrue ? "true" : "false",
        CelKind.Null => "null",
        CelKind.Error => $"error: {Reference}",
        _ => CelConversions.ToText(this) is { IsError: false } text ? text.String : Kind.ToString(),
    };
}
