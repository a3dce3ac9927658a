using Google.Protobuf;

namespace Waggle.Hubble.Cel;

/// <summary>Equality: values of different types are different, except that numbers are compared as numbers.</summary>
internal static class CelEquality
{
    public static CelValue Of(ref CelFrame frame, in CelValue a, in CelValue b)
    {
        if (a.IsError || b.IsError)
        {
            return a.IsError ? a : b;
        }

        var equal = Deep(ref frame, a, b);
        return frame.IsExhausted ? CelFrame.Exhausted : CelValue.Of(equal);
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
            CelKind.Message => ((IMessage)a.Reference!).Equals(b.Reference),
            _ => false,
        };
    }

    /// <summary>Whether the list has such an element, or the map such a key.</summary>
    public static CelValue In(ref CelFrame frame, in CelValue element, in CelValue container)
    {
        if (container.Kind == CelKind.Map)
        {
            return CelMap.IsKey(element) || element.Kind == CelKind.Double ? CelValue.Of(((CelMap)container.Reference!).TryGet(element, out _)) : CelValue.False;
        }

        if (container.Kind != CelKind.List)
        {
            return CelValue.NoOverload;
        }

        var count = CelLists.Count(container);
        if (element.Kind == CelKind.String && container.Reference is IReadOnlyList<string> strings)
        {
            // Labels: asked of every flow.
            return !frame.Charge(count) ? CelFrame.Exhausted : CelValue.Of(Has(strings, count, element.String));
        }

        for (var i = 0; i < count && frame.Charge(1); i++)
        {
            if (Deep(ref frame, element, CelLists.At(container, i)))
            {
                return CelValue.True;
            }
        }

        return frame.IsExhausted ? CelFrame.Exhausted : CelValue.False;
    }

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

    private static bool Deep(ref CelFrame frame, in CelValue a, in CelValue b)
    {
        if (a.Kind == CelKind.List && b.Kind == CelKind.List)
        {
            var count = CelLists.Count(a);
            var equal = count == CelLists.Count(b);
            for (var i = 0; equal && i < count; i++)
            {
                equal = frame.Charge(1) && Deep(ref frame, CelLists.At(a, i), CelLists.At(b, i));
            }

            return equal;
        }

        if (a.Kind != CelKind.Map || b.Kind != CelKind.Map)
        {
            return OfScalars(a, b);
        }

        var (first, second) = ((CelMap)a.Reference!, (CelMap)b.Reference!);
        if (first.Count != second.Count)
        {
            return false;
        }

        foreach (var key in first.Keys)
        {
            first.TryGet(key, out var value);
            if (!frame.Charge(1) || !second.TryGet(key, out var other) || !Deep(ref frame, value, other))
            {
                return false;
            }
        }

        return true;
    }
}
