namespace Waggle.Cel;

internal enum CelTokenKind
{
    End,
    Name,
    Int,
    Uint,
    Double,
    String,
    Bytes,
    Symbol,
}

/// <param name="Text">Name or symbol; digits of a number, as the sign is not known yet.</param>
/// <param name="Value">String or byte[] of a quoted literal.</param>
/// <param name="At">Index of its first character.</param>
internal readonly record struct CelToken(CelTokenKind Kind, string Text, object? Value, int At)
{
    public bool Is(string symbol) => Kind == CelTokenKind.Symbol && Text == symbol;
}
