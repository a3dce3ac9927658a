using System.Collections;

namespace Waggle.Hubble.Cel;

/// <summary>
/// Lists in the forms in which they come, without copies: values, the strings of a flow's metadata, repeated fields of messages.
/// </summary>
internal static class CelLists
{
    public static CelValue Empty { get; } = CelValue.OfList(Array.Empty<CelValue>());

    public static int Count(in CelValue list) => list.Reference switch
    {
        CelValue[] values => values.Length,
        IReadOnlyList<string> strings => strings.Count,
        IList items => items.Count,
        _ => 0,
    };

    public static CelValue At(in CelValue list, int index) => list.Reference switch
    {
        CelValue[] values => values[index],
        IReadOnlyList<string> strings => CelValue.Of(strings[index]),
        IList items => CelFields.Value(items[index]),
        _ => CelValue.NoOverload,
    };

    public static CelValue Concat(ref CelFrame frame, in CelValue a, in CelValue b)
    {
        var (first, second) = (Count(a), Count(b));
        if (!frame.Charge(first + second))
        {
            return CelFrame.Exhausted;
        }

        var all = new CelValue[first + second];
        for (var i = 0; i < all.Length; i++)
        {
            all[i] = i < first ? At(a, i) : At(b, i - first);
        }

        return CelValue.OfList(all);
    }
}
