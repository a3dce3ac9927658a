namespace Waggle.Cel;

/// <summary>Functions on lists that Kubernetes has beyond the language specification.</summary>
public static class CelCollections
{
    private static readonly CelValue NoElement = CelValue.Error("the list is empty");

    /// <summary>All of them.</summary>
    public static IReadOnlyList<CelFunction> All { get; } =
    [
        new("isSorted", true, CelType.Bool, IsSorted, CelType.List),
        new("sum", true, CelType.Dyn, (ref b, in x, in y, in z) => Fold(ref b, x, CelValue.Of(0), Add), CelType.List),
        new("min", true, CelType.Dyn, (ref b, in x, in y, in z) => Fold(ref b, x, NoElement, (ref b, in best, in next) => Better(best, next, CelOrder.Of(ref b, "<=", best, next))), CelType.List),
        new("max", true, CelType.Dyn, (ref b, in x, in y, in z) => Fold(ref b, x, NoElement, (ref b, in best, in next) => Better(best, next, CelOrder.Of(ref b, ">=", best, next))), CelType.List),
        new("indexOf", true, CelType.Int, IndexOf, CelType.List, CelType.Dyn),
    ];

    private static CelValue Fold(ref CelBudget budget, in CelValue list, in CelValue empty, CelBinaryFunction step)
    {
        var count = CelLists.Count(list);
        var result = count == 0 ? empty : CelLists.At(list, 0);
        for (var i = 1; i < count && !result.IsError; i++)
        {
            result = budget.Charge(1) ? step(ref budget, result, CelLists.At(list, i)) : CelBudget.Exhausted;
        }

        return result;
    }

    private static CelValue Add(ref CelBudget budget, in CelValue a, in CelValue b) =>
        a.IsNumber || a.Kind == CelKind.Duration ? CelMath.Of(ref budget, "+", a, b) : CelValue.NoOverload;

    private static CelValue Better(in CelValue a, in CelValue b, in CelValue aIsBetter) => aIsBetter.IsError ? aIsBetter : aIsBetter.IsTrue ? a : b;

    private static CelValue IsSorted(ref CelBudget budget, in CelValue x, in CelValue y, in CelValue z)
    {
        for (var i = 1; i < CelLists.Count(x); i++)
        {
            var sorted = budget.Charge(1) ? CelOrder.Of(ref budget, "<=", CelLists.At(x, i - 1), CelLists.At(x, i)) : CelBudget.Exhausted;
            if (!sorted.IsTrue)
            {
                return sorted;
            }
        }

        return CelValue.True;
    }

    private static CelValue IndexOf(ref CelBudget budget, in CelValue x, in CelValue y, in CelValue z)
    {
        for (var i = 0; i < CelLists.Count(x); i++)
        {
            var equal = budget.Charge(1) ? CelEquality.Of(ref budget, CelLists.At(x, i), y) : CelBudget.Exhausted;
            if (equal.IsError || equal.IsTrue)
            {
                return equal.IsError ? equal : CelValue.Of(i);
            }
        }

        return CelValue.Of(-1);
    }
}
