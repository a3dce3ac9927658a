using System.Globalization;
using System.Text;

namespace Waggle.Cel;

/// <summary>The functions int, uint, double, bool, string, bytes, timestamp and duration.</summary>
internal static class CelConversions
{
    private static readonly UTF8Encoding StrictUtf8 = new(false, throwOnInvalidBytes: true);

    public static CelValue ToInt(in CelValue v) => v.Kind switch
    {
        CelKind.Int => v,
        CelKind.Uint => v.Uint > long.MaxValue ? CelValue.Overflow : CelValue.Of(v.Int),
        CelKind.Double => v.Double is > -9223372036854775808d and < 9223372036854775808d ? CelValue.Of((long)v.Double) : CelValue.Overflow,
        CelKind.String => long.TryParse(v.String, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var n) ? CelValue.Of(n) : Bad(v, "an int"),
        CelKind.Timestamp => CelValue.Of(v.Int),
        CelKind.Error => v,
        _ => CelValue.NoOverload,
    };

    public static CelValue ToUint(in CelValue v) => v.Kind switch
    {
        CelKind.Uint => v,
        CelKind.Int => v.Int < 0 ? CelValue.Overflow : CelValue.OfUint(v.Uint),
        CelKind.Double => v.Double is > -1d and < 18446744073709551616d ? CelValue.OfUint((ulong)v.Double) : CelValue.Overflow,
        CelKind.String => ulong.TryParse(v.String, NumberStyles.None, CultureInfo.InvariantCulture, out var n) ? CelValue.OfUint(n) : Bad(v, "a uint"),
        CelKind.Error => v,
        _ => CelValue.NoOverload,
    };

    public static CelValue ToDouble(in CelValue v) => v.Kind switch
    {
        CelKind.Double or CelKind.Error => v,
        CelKind.Int => CelValue.Of((double)v.Int),
        CelKind.Uint => CelValue.Of((double)v.Uint),
        CelKind.String => double.TryParse(v.String, NumberStyles.Float, CultureInfo.InvariantCulture, out var n) ? CelValue.Of(n) : Bad(v, "a double"),
        _ => CelValue.NoOverload,
    };

    public static CelValue ToBool(in CelValue v) => v.Kind switch
    {
        CelKind.Bool or CelKind.Error => v,
        CelKind.String => v.String switch
        {
            "1" or "t" or "T" or "true" or "TRUE" or "True" => CelValue.True,
            "0" or "f" or "F" or "false" or "FALSE" or "False" => CelValue.False,
            _ => Bad(v, "a bool"),
        },
        _ => CelValue.NoOverload,
    };

    public static CelValue ToText(in CelValue v)
    {
        switch (v.Kind)
        {
            case CelKind.String or CelKind.Error:
                return v;
            case CelKind.Bool:
                return CelValue.Of(v.IsTrue ? "true" : "false");
            case CelKind.Int:
                return CelValue.Of(v.Int.ToString(CultureInfo.InvariantCulture));
            case CelKind.Uint:
                return CelValue.Of(v.Uint.ToString(CultureInfo.InvariantCulture));
            case CelKind.Double:
                return CelValue.Of(v.Double.ToString("R", CultureInfo.InvariantCulture));
            case CelKind.Timestamp or CelKind.Duration:
                return CelValue.Of(CelTimes.Text(v));
            case CelKind.Bytes:
                try
                {
                    return CelValue.Of(StrictUtf8.GetString(v.Bytes));
                }
                catch (DecoderFallbackException)
                {
                    return CelValue.Error("the bytes are not UTF-8");
                }

            default:
                return CelValue.NoOverload;
        }
    }

    public static CelValue ToBytes(in CelValue v) => v.Kind switch
    {
        CelKind.Bytes or CelKind.Error => v,
        CelKind.String => CelValue.Of(Encoding.UTF8.GetBytes(v.String)),
        _ => CelValue.NoOverload,
    };

    public static CelValue ToTimestamp(in CelValue v) => v.Kind switch
    {
        CelKind.Timestamp or CelKind.Error => v,
        CelKind.String => CelTimes.Timestamp(v.String),
        CelKind.Int => CelValue.OfTimestamp(v.Int, 0),
        _ => CelValue.NoOverload,
    };

    public static CelValue ToDuration(in CelValue v) => v.Kind switch
    {
        CelKind.Duration or CelKind.Error => v,
        CelKind.String => CelTimes.Duration(v.String),
        _ => CelValue.NoOverload,
    };

    private static CelValue Bad(in CelValue text, string wanted) => CelValue.Error($"{CelText.Quoted(text.String)} is not {wanted}");
}
