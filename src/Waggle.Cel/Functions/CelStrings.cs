using System.Text;

namespace Waggle.Cel;

/// <summary>Functions on strings that Kubernetes has beyond the language specification. Places count code points.</summary>
public static class CelStrings
{
    /// <summary>All of them.</summary>
    public static IReadOnlyList<CelFunction> All { get; } =
    [
        Of("lowerAscii", CelType.String, (in x, in y, in z) => CelValue.Of(Ascii(x.String, char.IsAsciiLetterUpper))),
        Of("upperAscii", CelType.String, (in x, in y, in z) => CelValue.Of(Ascii(x.String, char.IsAsciiLetterLower))),
        Of("trim", CelType.String, (in x, in y, in z) => CelValue.Of(x.String.Trim())),
        new("split", true, CelType.ListOf(CelType.String), Split, CelType.String, CelType.String),
        Of("substring", CelType.String, (in x, in y, in z) => Cut(x.String, y.Int, long.MaxValue), CelType.Int),
        Of("substring", CelType.String, (in x, in y, in z) => Cut(x.String, y.Int, z.Int), CelType.Int, CelType.Int),
        Of("charAt", CelType.String, (in x, in y, in z) => CharAt(x.String, y.Int), CelType.Int),
        Of("indexOf", CelType.Int, (in x, in y, in z) => Place(x.String, x.String.IndexOf(y.String, StringComparison.Ordinal)), CelType.String),
        Of("lastIndexOf", CelType.Int, (in x, in y, in z) => Place(x.String, x.String.LastIndexOf(y.String, StringComparison.Ordinal)), CelType.String),
        new("replace", true, CelType.String, Replace, CelType.String, CelType.String, CelType.String),
        new("join", true, CelType.String, Join, CelType.List),
        new("join", true, CelType.String, Join, CelType.List, CelType.String),
        new("find", true, CelType.String, (ref _, in _, in _, in _) => CelValue.NoOverload, CelType.String, CelType.String) { Match = (regex, text) => CelValue.Of(regex.Match(text).Value) },
    ];

    private delegate CelValue OfText(in CelValue x, in CelValue y, in CelValue z);

    private static CelFunction Of(string name, CelType result, OfText body, params CelType[] others) =>
        new(name, true, result, (ref b, in x, in y, in z) => b.Charge(1 + x.String.Length) && (y.Kind != CelKind.String || CelText.ChargeSearch(ref b, x.String, y.String)) ? body(x, y, z) : CelBudget.Exhausted, [CelType.String, .. others]);

    private static string Ascii(string text, Func<char, bool> changes) => string.Create(text.Length, (text, changes), static (to, from) =>
    {
        for (var i = 0; i < to.Length; i++)
        {
            to[i] = from.changes(from.text[i]) ? (char)(from.text[i] ^ 0x20) : from.text[i];
        }
    });

    /// <summary>Just behind the end there is an empty text.</summary>
    private static CelValue CharAt(string text, long place) => place == CelText.Length(text) ? CelValue.Of("") : Cut(text, place, place + 1);

    private static CelValue Place(string text, int at) => CelValue.Of(at < 0 ? -1 : CelText.Length(text.AsSpan(0, at)));

    private static CelValue Cut(string text, long from, long to)
    {
        int at = 0, start = -1;
        var end = to == long.MaxValue ? text.Length : -1;
        for (long i = 0; ; i++)
        {
            (start, end) = (i == from ? at : start, i == to ? at : end);
            if (at == text.Length)
            {
                return start >= 0 && end >= start ? CelValue.Of(text[start..end]) : CelValue.Error("index out of range");
            }

            Rune.DecodeFromUtf16(text.AsSpan(at), out _, out var used);
            at += used;
        }
    }

    /// <summary>At an empty text: into code points, each a text that is charged as such.</summary>
    private static CelValue Split(ref CelBudget budget, in CelValue x, in CelValue y, in CelValue z)
    {
        var (text, part) = (x.String, y.String);
        if (part.Length == 0)
        {
            return budget.Charge(1 + (8 * text.Length)) ? CelValue.OfList(text.EnumerateRunes().Select(rune => rune.ToString()).ToArray()) : CelBudget.Exhausted;
        }

        return budget.Charge(1 + text.Length) && CelText.ChargeSearch(ref budget, text, part) ? CelValue.OfList(text.Split(part)) : CelBudget.Exhausted;
    }

    /// <summary>The length of what comes out is charged before there is any of it. An empty text is found before each code point, and at the end.</summary>
    private static CelValue Replace(ref CelBudget budget, in CelValue x, in CelValue y, in CelValue z)
    {
        var (text, part, other) = (x.String, y.String, z.String);
        if (part.Length == 0)
        {
            var whole = text.Length + ((1L + text.Length) * other.Length);
            return budget.Charge((int)Math.Min(1 + text.Length + (whole / 4), int.MaxValue)) ? CelValue.Of(other + string.Concat(text.EnumerateRunes().Select(rune => rune + other))) : CelBudget.Exhausted;
        }

        if (!CelText.ChargeSearch(ref budget, text, part))
        {
            return CelBudget.Exhausted;
        }

        var length = text.Length + ((long)text.AsSpan().Count(part) * other.Length);
        return budget.Charge((int)Math.Min(length / 4, int.MaxValue)) ? CelValue.Of(text.Replace(part, other, StringComparison.Ordinal)) : CelBudget.Exhausted;
    }

    private static CelValue Join(ref CelBudget budget, in CelValue x, in CelValue y, in CelValue z)
    {
        var (count, between) = (CelLists.Count(x), y.Kind == CelKind.String ? y.String : "");
        var all = new StringBuilder();
        for (var i = 0; i < count; i++)
        {
            var text = CelConversions.ToText(CelLists.At(x, i));
            if (text.IsError)
            {
                return text;
            }

            if (!budget.Charge(1 + ((between.Length + text.String.Length) / 4)))
            {
                return CelBudget.Exhausted;
            }

            all.Append(i == 0 ? "" : between).Append(text.String);
        }

        return CelValue.Of(all.ToString());
    }
}
