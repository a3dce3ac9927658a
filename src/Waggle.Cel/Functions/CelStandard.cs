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
                yield return new("size", member, CelType.Int, (ref b, a) => CelText.Size(ref b, a[0]), type);
            }

            yield return new("matches", member, CelType.Bool, NotCalled, CelType.String, CelType.String) { Match = (regex, text) => CelValue.Of(regex.IsMatch(text)) };
        }

        yield return CelText.Test("contains", static (text, part) => text.Contains(part, StringComparison.Ordinal));
        yield return CelText.Test("startsWith", static (text, part) => text.StartsWith(part, StringComparison.Ordinal));
        yield return CelText.Test("endsWith", static (text, part) => text.EndsWith(part, StringComparison.Ordinal));
    }

    private static IEnumerable<CelFunction> Conversions()
    {
        IEnumerable<CelFunction> Of(string name, CelType to, CelBody body, params CelType[] from) => from.Select(type => new CelFunction(name, false, to, body, type));
        return
        [
            .. Of("int", CelType.Int, (ref _, a) => CelConversions.ToInt(a[0]), CelType.Int, CelType.Uint, CelType.Double, CelType.String, CelType.Timestamp),
            .. Of("uint", CelType.Uint, (ref _, a) => CelConversions.ToUint(a[0]), CelType.Uint, CelType.Int, CelType.Double, CelType.String),
            .. Of("double", CelType.Double, (ref _, a) => CelConversions.ToDouble(a[0]), CelType.Double, CelType.Int, CelType.Uint, CelType.String),
            .. Of("bool", CelType.Bool, (ref _, a) => CelConversions.ToBool(a[0]), CelType.Bool, CelType.String),
            .. Of("string", CelType.String, (ref b, a) => b.Charge(a[0].Kind == CelKind.Bytes ? a[0].Bytes.Length / 4 : 4) ? CelConversions.ToText(a[0]) : CelBudget.Exhausted,
                CelType.String, CelType.Bool, CelType.Int, CelType.Uint, CelType.Double, CelType.Bytes, CelType.Timestamp, CelType.Duration),
            .. Of("bytes", CelType.Bytes, (ref b, a) => b.Charge(a[0].Kind == CelKind.String ? a[0].String.Length / 4 : 0) ? CelConversions.ToBytes(a[0]) : CelBudget.Exhausted, CelType.Bytes, CelType.String),
            .. Of("timestamp", CelType.Timestamp, (ref b, a) => b.Charge(16) ? CelConversions.ToTimestamp(a[0]) : CelBudget.Exhausted, CelType.Timestamp, CelType.String, CelType.Int),
            .. Of("duration", CelType.Duration, (ref b, a) => b.Charge(16) ? CelConversions.ToDuration(a[0]) : CelBudget.Exhausted, CelType.Duration, CelType.String),
            new("type", false, CelType.Type, NotCalled, CelType.Dyn),
            new("dyn", false, CelType.Dyn, (ref _, a) => a[0], CelType.Dyn),
        ];
    }

    private static IEnumerable<CelFunction> TimeParts()
    {
        foreach (var name in new[] { "getFullYear", "getMonth", "getDate", "getDayOfMonth", "getDayOfWeek", "getDayOfYear", "getHours", "getMinutes", "getSeconds", "getMilliseconds" })
        {
            CelBody part = (ref _, a) => CelTimes.Part(name, a[0], TimeZoneInfo.Utc);
            yield return new(name, true, CelType.Int, part, CelType.Timestamp);
            yield return new(name, true, CelType.Int, NotCalled, CelType.Timestamp, CelType.String);
            if (name is "getHours" or "getMinutes" or "getSeconds" or "getMilliseconds")
            {
                yield return new(name, true, CelType.Int, part, CelType.Duration);
            }
        }
    }

    // The compiler makes nodes of its own for functions that need more than values: patterns, time zones, types of objects.
    private static CelValue NotCalled(ref CelBudget budget, ReadOnlySpan<CelValue> arguments) => CelValue.NoOverload;
}
