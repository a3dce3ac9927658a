namespace Waggle.Hubble.Cel;

/// <summary>One form of a function.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Member">Called as a.f(b), the receiver being the first parameter.</param>
/// <param name="Parameters">One or two.</param>
/// <param name="Result">Type of the result.</param>
internal sealed record CelOverload(string Name, bool Member, CelType[] Parameters, CelType Result)
{
    public override string ToString() => Member ? $"{Parameters[0]}.{Name}({string.Join(", ", Parameters.Skip(1))})" : $"{Name}({string.Join<CelType>(", ", Parameters)})";
}

/// <summary>The standard functions, by name; operators and macros have their own places.</summary>
internal static class CelFunctions
{
    private static readonly CelType AnyList = CelType.ListOf(CelType.Dyn);
    private static readonly CelType AnyMap = CelType.MapOf(CelType.Dyn, CelType.Dyn);

    public static ILookup<string, CelOverload> All { get; } = Overloads().ToLookup(o => o.Name);

    public static IReadOnlyDictionary<string, CelUnaryFunction> Unary { get; } = new Dictionary<string, CelUnaryFunction>
    {
        ["size"] = CelText.Size,
        ["int"] = (ref CelFrame _, in CelValue v) => CelConversions.ToInt(v),
        ["uint"] = (ref CelFrame _, in CelValue v) => CelConversions.ToUint(v),
        ["double"] = (ref CelFrame _, in CelValue v) => CelConversions.ToDouble(v),
        ["bool"] = (ref CelFrame _, in CelValue v) => CelConversions.ToBool(v),
        ["string"] = (ref CelFrame f, in CelValue v) => f.Charge(v.Kind == CelKind.Bytes ? v.Bytes.Length / 4 : 4) ? CelConversions.ToText(v) : CelFrame.Exhausted,
        ["bytes"] = (ref CelFrame f, in CelValue v) => f.Charge(v.Kind == CelKind.String ? v.String.Length / 4 : 0) ? CelConversions.ToBytes(v) : CelFrame.Exhausted,
        ["timestamp"] = (ref CelFrame f, in CelValue v) => f.Charge(16) ? CelConversions.ToTimestamp(v) : CelFrame.Exhausted,
        ["duration"] = (ref CelFrame f, in CelValue v) => f.Charge(16) ? CelConversions.ToDuration(v) : CelFrame.Exhausted,
        ["type"] = (ref CelFrame _, in CelValue v) => CelConversions.TypeOf(v),
        ["dyn"] = (ref CelFrame _, in CelValue v) => v,
    };

    public static IReadOnlyDictionary<string, CelBinaryFunction> Binary { get; } = new Dictionary<string, CelBinaryFunction>
    {
        ["contains"] = CelText.Contains,
        ["startsWith"] = CelText.StartsWith,
        ["endsWith"] = CelText.EndsWith,
        ["matches"] = CelText.Matches,
    };

    /// <summary>Conversions: of a constant that cannot be converted the compiler tells at once.</summary>
    public static bool IsConversion(string name) => name is "int" or "uint" or "double" or "bool" or "string" or "bytes" or "timestamp" or "duration";

    public static bool IsTimePart(string name) => name.StartsWith("get", StringComparison.Ordinal) && All.Contains(name);

    private static IEnumerable<CelOverload> Overloads()
    {
        foreach (var member in new[] { false, true })
        {
            foreach (var type in new[] { CelType.String, CelType.Bytes, AnyList, AnyMap })
            {
                yield return new("size", member, [type], CelType.Int);
            }

            yield return new("matches", member, [CelType.String, CelType.String], CelType.Bool);
        }

        foreach (var name in new[] { "contains", "startsWith", "endsWith" })
        {
            yield return new(name, true, [CelType.String, CelType.String], CelType.Bool);
        }

        (CelType To, CelType[] From)[] conversions =
        [
            (CelType.Int, [CelType.Int, CelType.Uint, CelType.Double, CelType.String, CelType.Timestamp]),
            (CelType.Uint, [CelType.Uint, CelType.Int, CelType.Double, CelType.String]),
            (CelType.Double, [CelType.Double, CelType.Int, CelType.Uint, CelType.String]),
            (CelType.Bool, [CelType.Bool, CelType.String]),
            (CelType.String, [CelType.String, CelType.Bool, CelType.Int, CelType.Uint, CelType.Double, CelType.Bytes, CelType.Timestamp, CelType.Duration]),
            (CelType.Bytes, [CelType.Bytes, CelType.String]),
            (CelType.Timestamp, [CelType.Timestamp, CelType.String, CelType.Int]),
            (CelType.Duration, [CelType.Duration, CelType.String]),
            (CelType.Type, [CelType.Dyn]),
            (CelType.Dyn, [CelType.Dyn]),
        ];
        foreach (var (to, sources) in conversions)
        {
            var name = to.ToString();
            foreach (var from in sources)
            {
                yield return new(name[(name.LastIndexOf('.') + 1)..].ToLowerInvariant(), false, [from], to);
            }
        }

        foreach (var name in new[] { "getFullYear", "getMonth", "getDate", "getDayOfMonth", "getDayOfWeek", "getDayOfYear", "getHours", "getMinutes", "getSeconds", "getMilliseconds" })
        {
            yield return new(name, true, [CelType.Timestamp], CelType.Int);
            yield return new(name, true, [CelType.Timestamp, CelType.String], CelType.Int);
            if (name is "getHours" or "getMinutes" or "getSeconds" or "getMilliseconds")
            {
                yield return new(name, true, [CelType.Duration], CelType.Int);
            }
        }
    }
}
