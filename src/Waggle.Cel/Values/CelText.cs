namespace Waggle.Cel;

/// <summary>Functions of strings. What they look through is charged.</summary>
internal static class CelText
{
    /// <summary>A question about a text and a part of it.</summary>
    public static CelFunction Test(string name, Func<string, string, bool> test) =>
        new(name, true, CelType.Bool, (ref b, a) => b.Charge(a[0].String.Length / 4) ? CelValue.Of(test(a[0].String, a[1].String)) : CelBudget.Exhausted, CelType.String, CelType.String);

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
