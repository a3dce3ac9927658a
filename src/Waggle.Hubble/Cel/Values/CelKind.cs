namespace Waggle.Hubble.Cel;

/// <summary>What a value is when it is there.</summary>
internal enum CelKind : byte
{
    /// <summary>No value: the reason is the text.</summary>
    Error,
    Null,
    Bool,
    Int,
    Uint,
    Double,
    String,
    Bytes,
    List,
    Map,
    Timestamp,
    Duration,
    Message,
    Type,
}
