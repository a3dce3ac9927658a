namespace Waggle.Cel;

/// <summary>A list whose elements are made into values when they are looked at.</summary>
public abstract class CelList
{
    /// <summary>Number of its elements.</summary>
    public abstract int Count { get; }

    /// <summary>An element, from 0 on.</summary>
    public abstract CelValue At(int index);
}

/// <summary>Lists in the forms in which they come, without copies: values, strings, objects, <see cref="CelList"/>.</summary>
public static class CelLists
{
    /// <summary>[].</summary>
    public static CelValue Empty { get; } = CelValue.OfList(Array.Empty<CelValue>());

    /// <summary>Number of elements.</summary>
    public static int Count(in CelValue list) => list.Reference switch
    {
        CelValue[] values => values.Length,
        IReadOnlyList<string> strings => strings.Count,
        CelList elements => elements.Count,
        IReadOnlyList<object> objects => objects.Count,
        _ => 0,
    };

    /// <summary>An element, from 0 on.</summary>
    public static CelValue At(in CelValue list, int index) => list.Reference switch
    {
        CelValue[] values => values[index],
        IReadOnlyList<string> strings => CelValue.Of(strings[index]),
        CelList elements => elements.At(index),
        IReadOnlyList<object> objects => CelValue.OfObject(objects[index]),
        _ => CelValue.NoOverload,
    };

    internal static CelValue Concat(ref CelBudget budget, in CelValue a, in CelValue b)
    {
        var (first, second) = (Count(a), Count(b));
        if (!budget.Charge(first + second))
        {
            return CelBudget.Exhausted;
        }

        var all = new CelValue[first + second];
        for (var i = 0; i < all.Length; i++)
        {
            all[i] = i < first ? At(a, i) : At(b, i - first);
        }

        return CelValue.OfList(all);
    }
}
