namespace Waggle.Cel;

/// <summary>Which of two values is the smaller one.</summary>
internal static class CelOrder
{
    /// <summary>What <see cref="Numbers"/> says of a NaN.</summary>
    public const int None = 2;

    private const double TwoTo63 = 9223372036854775808d;

    public static CelValue Of(ref CelBudget budget, string symbol, in CelValue a, in CelValue b)
    {
        if (a.IsError || b.IsError)
        {
            return a.IsError ? a : b;
        }

        int order;
        if (!CelEquality.ChargeText(ref budget, a))
        {
            return CelBudget.Exhausted;
        }

        if (a.IsNumber && b.IsNumber)
        {
            order = Numbers(a, b);
        }
        else if (a.Kind != b.Kind)
        {
            return CelValue.NoOverload;
        }
        else
        {
            switch (a.Kind)
            {
                case CelKind.Bool or CelKind.Duration:
                    order = a.Int.CompareTo(b.Int);
                    break;
                case CelKind.Timestamp:
                    order = (a.Int, a.Nanos).CompareTo((b.Int, b.Nanos));
                    break;
                case CelKind.String:
                    order = Strings(a.String, b.String);
                    break;
                case CelKind.Bytes:
                    order = a.Bytes.AsSpan().SequenceCompareTo(b.Bytes);
                    break;
                default:
                    return CelValue.NoOverload;
            }
        }

        return CelValue.Of(order != None && symbol switch { "<" => order < 0, "<=" => order <= 0, ">" => order > 0, _ => order >= 0 });
    }

    /// <summary>Below 0, 0, above 0, or <see cref="None"/>. Nothing is rounded.</summary>
    public static int Numbers(in CelValue a, in CelValue b) => (a.Kind, b.Kind) switch
    {
        (CelKind.Int, CelKind.Int) => a.Int.CompareTo(b.Int),
        (CelKind.Uint, CelKind.Uint) => a.Uint.CompareTo(b.Uint),
        (CelKind.Int, CelKind.Uint) => a.Int < 0 ? -1 : a.Uint.CompareTo(b.Uint),
        (CelKind.Uint, CelKind.Int) => b.Int < 0 ? 1 : a.Uint.CompareTo(b.Uint),
        (CelKind.Double, CelKind.Double) => double.IsNaN(a.Double) || double.IsNaN(b.Double) ? None : Sign(a.Double.CompareTo(b.Double)),
        (CelKind.Double, _) => WithDouble(b, a.Double) is var order && order == None ? None : -order,
        _ => WithDouble(a, b.Double),
    };

    private static int WithDouble(in CelValue whole, double number)
    {
        if (double.IsNaN(number))
        {
            return None;
        }

        // Beyond all whole numbers of 64 bits the answer is known; within, the double's whole part fits.
        if (number >= 2 * TwoTo63)
        {
            return -1;
        }

        if (number < -TwoTo63)
        {
            return 1;
        }

        var floor = Math.Floor(number);
        Int128 value = whole.Kind == CelKind.Int ? whole.Int : whole.Uint;
        var order = value.CompareTo((Int128)floor);
        return order != 0 ? Sign(order) : number > floor ? -1 : 0;
    }

    /// <summary>By code points: the order of UTF-16 differs beyond the basic plane.</summary>
    private static int Strings(string a, string b)
    {
        var at = a.AsSpan().CommonPrefixLength(b);
        if (at == a.Length || at == b.Length)
        {
            return Sign(a.Length.CompareTo(b.Length));
        }

        var (x, y) = (a[at], b[at]);
        return char.IsSurrogate(x) != char.IsSurrogate(y) ? (char.IsSurrogate(x) ? 1 : -1) : Sign(x.CompareTo(y));
    }

    private static int Sign(int order) => Math.Sign(order);
}
