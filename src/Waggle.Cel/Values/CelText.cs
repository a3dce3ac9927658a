namespace Waggle.Cel;

/// <summary>Functions of strings. What they look through is charged.</summary>
internal static class CelText
{
    /// <summary>A text within a message.</summary>
    public static string Quoted(string text) => text.Length <= 64 ? $"\"{text}\"" : $"\"{text.AsSpan(0, 64)}…\"";

    /// <summary>Charges a search: short parts are found as fast as the text is read, long ones may almost be found at every place.</summary>
    public static bool ChargeSearch(ref CelBudget budget, string text, string part) =>
        budget.Charge((int)Math.Min(int.MaxValue, (text.Length / 4) + ((long)text.Length * (part.Length / 256))));

    /// <summary>Characters of a string (code points), bytes, elements, entries.</summary>
    public static CelValue Size(ref CelBudget budget, in CelValue value) => value.Kind switch
    {
        CelKind.String => budget.Charge(value.String.Length / 4) ? CelValue.Of(Length(value.String)) : CelBudget.Exhausted,
        CelKind.Bytes => CelValue.Of(value.Bytes.Length),
        CelKind.List => CelValue.Of(CelLists.Count(value)),
        _ => CelValue.Of(value.Map.Count),
    };

    /// <summary>Code points.</summary>
    public static int Length(ReadOnlySpan<char> text)
    {
        var count = text.Length;
        foreach (var c in text)
        {
            count -= char.IsHighSurrogate(c) ? 1 : 0;
        }

        return count;
    }
}
