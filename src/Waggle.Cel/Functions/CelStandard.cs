namespace Waggle.Cel;

/// <summary>The functions of the language specification; operators and macros have their own places.</summary>
public static class CelStandard
{
    /// <summary>All of them.</summary>
    public static IReadOnlyList<CelFunction> All { get; } = [.. Texts(), .. Conversions(), .. TimeParts()];

    /// <summary>The same by name.</summary>
    public static ILookup<string, CelFunction> ByName { get; } = All.ToLookup(f => f.Name);

    /// <summary>Conversions: of a constant that cannot be converted the compiler tells at once.</summary>
    internal static bool IsConversion(string name) => name is "int" or "uint" or "double" or "bool" or "string" or "bytes" or "timestamp" or "duration";

    internal static bool IsTimePart(string name) => name.StartsWith("get", StringComparison.Ordinal) && ByName.Contains(name);

    private static IEnumerable<CelFunction> Texts()
    {
        foreach (var member in new[] { false, true })
        {
            foreach (var type in new[] { CelType.String, CelType.Bytes, CelType.List, CelType.Map })
            {
                yield return new("size", member, CelType.Int, (ref b, in x, in y, in z) => CelText.Size(ref b, x), type);
            }

            yield return new("matches", member, CelType.Bool, NotCalled, CelType.String, CelType.String) { Match = (regex, text) => CelValue.Of(regex.IsMatch(text)) };
        }

        yield return new("contains", true, CelType.Bool, static (ref b, in x, in y, in z) => CelText.ChargeSearch(ref b, x.String, y.String) ? CelValue.Of(x.String.Contains(y.String, StringComparison.Ordinal)) : CelBudget.Exhausted, CelType.String, CelType.String);
        yield return new("startsWith", true, CelType.Bool, static (ref b, in x, in y, in z) => b.Charge(y.String.Length / 4) ? CelValue.Of(x.String.StartsWith(y.String, StringComparison.Ordinal)) : CelBudget.Exhausted, CelType.String, CelType.String);
        yield return new("endsWith", true, CelType.Bool, static (ref b, in x, in y, in z) => b.Charge(y.String.Length / 4) ? CelValue.Of(x.String.EndsWith(y.String, StringComparison.Ordinal)) : CelBudget.Exhausted, CelType.String, CelType.String);
    }

    private delegate CelValue Conversion(in CelValue value);

    private static IEnumerable<CelFunction> Conversions()
    {
        IEnumerable<CelFunction> Of(string name, CelType to, Conversion body, params CelType[] from) =>
            from.Select(type => new CelFunction(name, false, to, (ref b, in x, in y, in z) => b.Charge(Cost(x)) ? body(x) : CelBudget.Exhausted, type));
        return
        [
            .. Of("int", CelType.Int, CelConversions.ToInt, CelType.Int, CelType.Uint, CelType.Double, CelType.String, CelType.Timestamp),
            .. Of("uint", CelType.Uint, CelConversions.ToUint, CelType.Uint, CelType.Int, CelType.Double, CelType.String),
            .. Of("double", CelType.Double, CelConversions.ToDouble, CelType.Double, CelType.Int, CelType.Uint, CelType.String),
            .. Of("bool", CelType.Bool, CelConversions.ToBool, CelType.Bool, CelType.String),
            .. Of("string", CelType.String, CelConversions.ToText, CelType.String, CelType.Bool, CelType.Int, CelType.Uint, CelType.Double, CelType.Bytes, CelType.Timestamp, CelType.Duration),
            .. Of("bytes", CelType.Bytes, CelConversions.ToBytes, CelType.Bytes, CelType.String),
            .. Of("timestamp", CelType.Timestamp, CelConversions.ToTimestamp, CelType.Timestamp, CelType.String, CelType.Int),
            .. Of("duration", CelType.Duration, CelConversions.ToDuration, CelType.Duration, CelType.String),
            new("type", false, CelType.Type, NotCalled, CelType.Dyn),
            new("dyn", false, CelType.Dyn, (ref _, in x, in y, in z) => x, CelType.Dyn),
        ];
    }

    private static int Cost(in CelValue value) => 4 + (value.Kind switch { CelKind.String => 12 + (value.String.Length / 4), CelKind.Bytes => value.Bytes.Length / 4, _ => 0 });

    private static IEnumerable<CelFunction> TimeParts()
    {
        foreach (var name in new[] { "getFullYear", "getMonth", "getDate", "getDayOfMonth", "getDayOfWeek", "getDayOfYear", "getHours", "getMinutes", "getSeconds", "getMilliseconds" })
        {
            CelBody part = (ref _, in x, in y, in z) => CelTimes.Part(name, x, TimeZoneInfo.Utc);
            yield return new(name, true, CelType.Int, part, CelType.Timestamp);
            yield return new(name, true, CelType.Int, NotCalled, CelType.Timestamp, CelType.String);
            if (name is "getHours" or "getMinutes" or "getSeconds" or "getMilliseconds")
            {
                yield return new(name, true, CelType.Int, part, CelType.Duration);
            }
        }
    }

    // The compiler makes nodes of its own for functions that need more than values: patterns, time zones, types of objects.
    private static CelValue NotCalled(ref CelBudget budget, in CelValue x, in CelValue y, in CelValue z) => CelValue.NoOverload;
}
