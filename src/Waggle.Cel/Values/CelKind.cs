namespace Waggle.Cel;

/// <summary>What a value is when it is there.</summary>
#pragma warning disable CA1720 // the names of the language
public enum CelKind : byte
{
    /// <summary>No value: the reason is the text.</summary>
    Error,

    /// <summary>null.</summary>
    Null,

    /// <summary>true or false.</summary>
    Bool,

    /// <summary>64 bits with a sign.</summary>
    Int,

    /// <summary>64 bits without a sign.</summary>
    Uint,

    /// <summary>64 bits with a fraction.</summary>
    Double,

    /// <summary>Text.</summary>
    String,

    /// <summary>Bytes.</summary>
    Bytes,

    /// <summary>Elements in order.</summary>
    List,

    /// <summary>Values by keys.</summary>
    Map,

    /// <summary>A point in time of the years 1 to 9999, to the nanosecond.</summary>
    Timestamp,

    /// <summary>A time span of up to about 292 years, to the nanosecond.</summary>
    Duration,

    /// <summary>Something with fields, of the environment.</summary>
    Object,

    /// <summary>A type.</summary>
    Type,
}
