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

    private static IEnumerable<CelFunction> Conversions()
    {
        IEnumerable<CelFunction> Of(string name, CelType to, CelBody body, params CelType[] from) => from.Select(type => new CelFunction(name, false, to, body, type));
        return
        [
            .. Of("int", CelType.Int, (ref _, in x, in y, in z) => CelConversions.ToInt(x), CelType.Int, CelType.Uint, CelType.Double, CelType.String, CelType.Timestamp),
            .. Of("uint", CelType.Uint, (ref _, in x, in y, in z) => CelConversions.ToUint(x), CelType.Uint, CelType.Int, CelType.Double, CelType.String),
            .. Of("double", CelType.Double, (ref _, in x, in y, in z) => CelConversions.ToDouble(x), CelType.Double, CelType.Int, CelType.Uint, CelType.String),
            .. Of("bool", CelType.Bool, (ref _, in x, in y, in z) => CelConversions.ToBool(x), CelType.Bool, CelType.String),
            .. Of("string", CelType.String, (ref b, in x, in y, in z) => b.Charge(x.Kind == CelKind.Bytes ? x.Bytes.Length / 4 : 4) ? CelConversions.ToText(x) : CelBudget.Exhausted,
                CelType.String, CelType.Bool, CelType.Int, CelType.Uint, CelType.Double, CelType.Bytes, CelType.Timestamp, CelType.Duration),
            .. Of("bytes", CelType.Bytes, (ref b, in x, in y, in z) => b.Charge(x.Kind == CelKind.String ? x.String.Length / 4 : 0) ? CelConversions.ToBytes(x) : CelBudget.Exhausted, CelType.Bytes, CelType.String),
            .. Of("timestamp", CelType.Timestamp, (ref b, in x, in y, in z) => b.Charge(16) ? CelConversions.ToTimestamp(x) : CelBudget.Exhausted, CelType.Timestamp, CelType.String, CelType.Int),
            .. Of("duration", CelType.Duration, (ref b, in x, in y, in z) => b.Charge(16) ? CelConversions.ToDuration(x) : CelBudget.Exhausted, CelType.Duration, CelType.String),
            new("type", false, CelType.Type, NotCalled, CelType.Dyn),
            new("dyn", false, CelType.Dyn, (ref _, in x, in y, in z) => x, CelType.Dyn),
        ];
    }

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
