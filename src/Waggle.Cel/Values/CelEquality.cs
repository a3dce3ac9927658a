namespace Waggle.Cel;

/// <summary>Equality: values of different types are different, except that numbers are compared as numbers.</summary>
internal static class CelEquality
{
    public static CelValue Of(ref CelBudget budget, in CelValue a, in CelValue b)
    {
        if (a.IsError || b.IsError)
        {
            return a.IsError ? a : b;
        }

        var equal = Deep(ref budget, a, b);
        return budget.IsExhausted ? CelBudget.Exhausted : CelValue.Of(equal);
    }

    public static bool OfScalars(in CelValue a, in CelValue b)
    {
        if (a.Kind != b.Kind)
        {
            return a.IsNumber && b.IsNumber && CelOrder.Numbers(a, b) == 0;
        }

        return a.Kind switch
        {
            CelKind.Bool or CelKind.Int or CelKind.Uint or CelKind.Duration => a.Int == b.Int,
            CelKind.Timestamp => a.Int == b.Int && a.Nanos == b.Nanos,
            CelKind.Double => a.Double == b.Double,
            CelKind.String or CelKind.Type => string.Equals(a.String, b.String, StringComparison.Ordinal),
            CelKind.Bytes => a.Bytes.AsSpan().SequenceEqual(b.Bytes),
            CelKind.Null => true,
            CelKind.Object => a.Reference!.Equals(b.Reference),
            _ => false,
        };
    }

    /// <summary>Whether the list has such an element, or the map such a key.</summary>
    public static CelValue In(ref CelBudget budget, in CelValue element, in CelValue container)
    {
        if (container.Kind == CelKind.Map)
        {
            return CelMap.IsKey(element) || element.Kind == CelKind.Double ? ChargeText(ref budget, element) ? CelValue.Of(container.Map.Has(element)) : CelBudget.Exhausted : CelValue.False;
        }

        if (container.Kind != CelKind.List)
        {
            return CelValue.NoOverload;
        }

        var count = CelLists.Count(container);
        if (element.Kind == CelKind.String && container.Reference is IReadOnlyList<string> strings)
        {
            // Labels: asked of every flow.
            return !budget.Charge(count) ? CelBudget.Exhausted : CelValue.Of(Has(strings, count, element.String));
        }

        for (var i = 0; i < count && budget.Charge(1); i++)
        {
            if (Deep(ref budget, element, CelLists.At(container, i)))
            {
                return CelValue.True;
            }
        }

        return budget.IsExhausted ? CelBudget.Exhausted : CelValue.False;
    }

    /// <summary>Texts and bytes are compared at once, and fast: only big ones cost anything.</summary>
    public static bool ChargeText(ref CelBudget budget, in CelValue value) => value.Kind switch
    {
        CelKind.String => budget.Charge(value.String.Length / 64),
        CelKind.Bytes => budget.Charge(value.Bytes.Length / 64),
        _ => true,
    };

    private static bool Has(IReadOnlyList<string> strings, int count, string wanted)
    {
        for (var i = 0; i < count; i++)
        {
            if (string.Equals(strings[i], wanted, StringComparison.Ordinal))
            {
                return true;
            }
        }

        return false;
    }

    private static bool Deep(ref CelBudget budget, in CelValue a, in CelValue b)
    {
        if (a.Kind == CelKind.List && b.Kind == CelKind.List)
        {
            var count = CelLists.Count(a);
            var equal = count == CelLists.Count(b);
            for (var i = 0; equal && i < count; i++)
            {
                equal = budget.Charge(1) && Deep(ref budget, CelLists.At(a, i), CelLists.At(b, i));
            }

            return equal;
        }

        if (a.Kind != CelKind.Map || b.Kind != CelKind.Map)
        {
            return ChargeText(ref budget, a) && OfScalars(a, b);
        }

        var (first, second) = (a.Map, b.Map);
        if (first.Count != second.Count || !budget.Charge(first.Count))
        {
            return false;
        }

        foreach (var key in first.Keys)
        {
            first.TryGet(key, out var value);
            if (!second.TryGet(key, out var other) || !Deep(ref budget, value, other))
            {
                return false;
            }
        }

        return true;
    }
}
