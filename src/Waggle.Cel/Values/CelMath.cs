namespace Waggle.Cel;

/// <summary>The operators + - * / % and the unary minus. Whole numbers never wrap round: that is an error.</summary>
internal static class CelMath
{
    public static CelValue Of(ref CelBudget budget, string symbol, in CelValue a, in CelValue b)
    {
        if (a.IsError || b.IsError)
        {
            return a.IsError ? a : b;
        }

        return (a.Kind, b.Kind) switch
        {
            (CelKind.Int, CelKind.Int) => Ints(symbol, a.Int, b.Int),
            (CelKind.Uint, CelKind.Uint) => Uints(symbol, a.Uint, b.Uint),
            (CelKind.Double, CelKind.Double) => Doubles(symbol, a.Double, b.Double),
            (CelKind.String, CelKind.String) when symbol == "+" => budget.Charge((a.String.Length + b.String.Length) / 4) ? CelValue.Of(a.String + b.String) : CelBudget.Exhausted,
            (CelKind.Bytes, CelKind.Bytes) when symbol == "+" => budget.Charge((a.Bytes.Length + b.Bytes.Length) / 4) ? CelValue.Of([.. a.Bytes, .. b.Bytes]) : CelBudget.Exhausted,
            (CelKind.List, CelKind.List) when symbol == "+" => CelLists.Concat(ref budget, a, b),
            (CelKind.Timestamp or CelKind.Duration, CelKind.Timestamp or CelKind.Duration) => Times(symbol, a, b),
            _ => CelValue.NoOverload,
        };
    }

    public static CelValue Negate(in CelValue value) => value.Kind switch
    {
        CelKind.Error => value,
        CelKind.Int => value.Int == long.MinValue ? CelValue.Overflow : CelValue.Of(-value.Int),
        CelKind.Double => CelValue.Of(-value.Double),
        CelKind.Duration => CelValue.OfDuration(-(Int128)value.Int),
        _ => CelValue.NoOverload,
    };

    private static CelValue Ints(string symbol, long a, long b)
    {
        if (symbol is "/" or "%")
        {
            return b == 0 ? CelValue.Error(symbol == "/" ? "divide by zero" : "modulus by zero")
                : a == long.MinValue && b == -1 ? CelValue.Overflow
                : CelValue.Of(symbol == "/" ? a / b : a % b);
        }

        var result = symbol switch { "+" => (Int128)a + b, "-" => (Int128)a - b, _ => (Int128)a * b };
        return result < long.MinValue || result > long.MaxValue ? CelValue.Overflow : CelValue.Of((long)result);
    }

    private static CelValue Uints(string symbol, ulong a, ulong b)
    {
        if (symbol is "/" or "%")
        {
            return b == 0 ? CelValue.Error(symbol == "/" ? "divide by zero" : "modulus by zero") : CelValue.OfUint(symbol == "/" ? a / b : a % b);
        }

        var result = symbol switch { "+" => (UInt128)a + b, "-" => a >= b ? (UInt128)(a - b) : UInt128.MaxValue, _ => (UInt128)a * b };
        return result > ulong.MaxValue ? CelValue.Overflow : CelValue.OfUint((ulong)result);
    }

    private static CelValue Doubles(string symbol, double a, double b) => symbol switch
    {
        "+" => CelValue.Of(a + b),
        "-" => CelValue.Of(a - b),
        "*" => CelValue.Of(a * b),
        "/" => CelValue.Of(a / b),
        _ => CelValue.NoOverload,
    };

    private static CelValue Times(string symbol, in CelValue a, in CelValue b)
    {
        const int Second = 1_000_000_000;
        if (symbol is not ("+" or "-"))
        {
            return CelValue.NoOverload;
        }

        Int128 sign = symbol == "+" ? 1 : -1;
        switch (a.Kind, b.Kind)
        {
            case (CelKind.Duration, CelKind.Duration):
                return CelValue.OfDuration(a.Int + (sign * b.Int));
            case (CelKind.Timestamp, CelKind.Timestamp):
                return symbol == "-" ? CelValue.OfDuration((((Int128)a.Int - b.Int) * Second) + a.Nanos - b.Nanos) : CelValue.NoOverload;
            default:
                if (symbol == "-" && b.Kind == CelKind.Timestamp)
                {
                    return CelValue.NoOverload;
                }

                var (time, span) = a.Kind == CelKind.Timestamp ? (a, b) : (b, a);
                var nanos = ((Int128)time.Int * Second) + time.Nanos + (sign * span.Int);
                var rest = (int)(((nanos % Second) + Second) % Second);
                return CelValue.OfTimestamp((nanos - rest) / Second, rest);
        }
    }
}
