using System.Text.RegularExpressions;
using Waggle.Hubble.Filters;

namespace Waggle.Hubble.Cel;

/// <summary>Functions of strings. What they look through is charged.</summary>
internal static class CelText
{
    public static CelValue Contains(ref CelFrame frame, in CelValue a, in CelValue b) => Look(ref frame, a, b) ?? CelValue.Of(a.String.Contains(b.String, StringComparison.Ordinal));

    public static CelValue StartsWith(ref CelFrame frame, in CelValue a, in CelValue b) => Look(ref frame, a, b) ?? CelValue.Of(a.String.StartsWith(b.String, StringComparison.Ordinal));

    public static CelValue EndsWith(ref CelFrame frame, in CelValue a, in CelValue b) => Look(ref frame, a, b) ?? CelValue.Of(a.String.EndsWith(b.String, StringComparison.Ordinal));

    /// <summary>A pattern that is only known now; constant ones were made when the expression was compiled.</summary>
    public static CelValue Matches(ref CelFrame frame, in CelValue text, in CelValue pattern)
    {
        if (Look(ref frame, text, pattern) is { } failed)
        {
            return failed;
        }

        if (!frame.Charge(CelLimits.RegexCost))
        {
            return CelFrame.Exhausted;
        }

        try
        {
            return Matches(ref frame, text, SafeRegex.Compile("matches", pattern.String));
        }
        catch (FilterException e)
        {
            return CelValue.Error(e.Message);
        }
    }

    public static CelValue Matches(ref CelFrame frame, in CelValue text, Regex regex) =>
        text.Kind != CelKind.String ? (text.IsError ? text : CelValue.NoOverload)
        : frame.Charge(1 + text.String.Length) ? CelValue.Of(SafeRegex.Matches(regex, text.String)) : CelFrame.Exhausted;

    /// <summary>Characters of a string (code points), bytes, elements, entries.</summary>
    public static CelValue Size(ref CelFrame frame, in CelValue value)
    {
        switch (value.Kind)
        {
            case CelKind.String:
                var count = value.String.Length;
                foreach (var c in value.String)
                {
                    count -= char.IsHighSurrogate(c) ? 1 : 0;
                }

                return frame.Charge(count / 4) ? CelValue.Of(count) : CelFrame.Exhausted;
            case CelKind.Bytes:
                return CelValue.Of(value.Bytes.Length);
            case CelKind.List:
                return CelValue.Of(CelLists.Count(value));
            case CelKind.Map:
                return CelValue.Of(((CelMap)value.Reference!).Count);
            default:
                return value.IsError ? value : CelValue.NoOverload;
        }
    }

    private static CelValue? Look(ref CelFrame frame, in CelValue a, in CelValue b)
    {
        if (a.Kind == CelKind.String && b.Kind == CelKind.String)
        {
            return frame.Charge(a.String.Length / 4) ? null : CelFrame.Exhausted;
        }

        return a.IsError ? a : b.IsError ? b : CelValue.NoOverload;
    }
}
