using System.Globalization;

namespace Waggle.Cel;

/// <summary>Texts and parts of timestamps and durations.</summary>
internal static class CelTimes
{
    /// <summary>0001-01-01T00:00:00Z in seconds since 1970.</summary>
    public const long FirstSecond = -62_135_596_800;

    /// <summary>9999-12-31T23:59:59Z.</summary>
    public const long LastSecond = 253_402_300_799;

    private static readonly (string Name, long Nanoseconds)[] Units =
        [("ns", 1), ("us", 1_000), ("µs", 1_000), ("ms", 1_000_000), ("s", 1_000_000_000), ("m", 60_000_000_000), ("h", 3_600_000_000_000)];

    /// <summary>RFC 3339, with up to nine digits of a fraction.</summary>
    public static CelValue Timestamp(string text)
    {
        var nanos = 0;
        var dot = text.IndexOf('.', StringComparison.Ordinal);
        var whole = text;
        if (dot >= 0)
        {
            var end = dot + 1;
            while (end < text.Length && char.IsAsciiDigit(text[end]))
            {
                end++;
            }

            if (end - dot is 1 or > 10)
            {
                return Bad(text);
            }

            nanos = int.Parse(text[(dot + 1)..end].PadRight(9, '0'), NumberStyles.None, CultureInfo.InvariantCulture);
            whole = text[..dot] + text[end..];
        }

        return DateTimeOffset.TryParseExact(whole, ["yyyy-MM-dd'T'HH:mm:ss'Z'", "yyyy-MM-dd'T'HH:mm:sszzz"], CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var time)
            ? CelValue.OfTimestamp(time.ToUnixTimeSeconds(), nanos)
            : Bad(text);

        static CelValue Bad(string text) => CelValue.Error($"{CelText.Quoted(text)} is no timestamp of RFC 3339");
    }

    /// <summary>"1h30m", "-1.5s", "250ms"; "0".</summary>
    public static CelValue Duration(string text)
    {
        var rest = text.AsSpan();
        var negative = rest.StartsWith("-");
        rest = rest.TrimStart("+-") is var unsigned && rest.Length - unsigned.Length <= 1 ? unsigned : default;
        if (rest is "0")
        {
            return CelValue.OfDuration(0);
        }

        decimal total = 0;
        var parts = 0;
        for (; rest.Length > 0; parts++)
        {
            var digits = rest.IndexOfAnyExcept("0123456789.");
            if (digits <= 0 || digits > 20 || !decimal.TryParse(rest[..digits], NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var number))
            {
                return Bad(text);
            }

            rest = rest[digits..];
            var letters = rest.IndexOfAny("0123456789.");
            var name = letters < 0 ? rest : rest[..letters];
            var unit = 0L;
            foreach (var (known, length) in Units)
            {
                unit = name.SequenceEqual(known) ? length : unit;
            }

            if (unit == 0)
            {
                return Bad(text);
            }

            total += number * unit;
            rest = rest[name.Length..];
            if (total > long.MaxValue)
            {
                return CelValue.Error("duration out of range");
            }
        }

        return parts == 0 ? Bad(text) : CelValue.OfDuration((Int128)(negative ? -total : total));

        static CelValue Bad(string text) => CelValue.Error($"{CelText.Quoted(text)} is no duration; write for example 1h30m");
    }

    public static string Text(in CelValue value)
    {
        if (value.Kind == CelKind.Duration)
        {
            return (value.Int / 1_000_000_000m).ToString("0.#########", CultureInfo.InvariantCulture) + "s";
        }

        var fraction = value.Nanos == 0 ? "" : (value.Nanos / 1_000_000_000m).ToString(".#########", CultureInfo.InvariantCulture);
        return DateTimeOffset.FromUnixTimeSeconds(value.Int).ToString("yyyy-MM-dd'T'HH:mm:ss", CultureInfo.InvariantCulture) + fraction + "Z";
    }

    /// <summary>A part of a timestamp in a time zone; of a duration, the whole of it in that unit.</summary>
    public static CelValue Part(string name, in CelValue value, TimeZoneInfo zone)
    {
        if (value.Kind == CelKind.Duration)
        {
            return name switch
            {
                "getHours" => CelValue.Of(value.Int / 3_600_000_000_000),
                "getMinutes" => CelValue.Of(value.Int / 60_000_000_000),
                "getSeconds" => CelValue.Of(value.Int / 1_000_000_000),
                "getMilliseconds" => CelValue.Of(value.Int % 1_000_000_000 / 1_000_000),
                _ => CelValue.NoOverload,
            };
        }

        if (value.Kind != CelKind.Timestamp)
        {
            return value.IsError ? value : CelValue.NoOverload;
        }

        var utc = DateTimeOffset.FromUnixTimeSeconds(value.Int);
        DateTimeOffset t;
        try
        {
            t = utc.ToOffset(zone.GetUtcOffset(utc));
        }
        catch (ArgumentOutOfRangeException)
        {
            return CelValue.Error("timestamp out of range in this time zone");
        }

        return name switch
        {
            "getFullYear" => CelValue.Of(t.Year),
            "getMonth" => CelValue.Of(t.Month - 1),
            "getDate" => CelValue.Of(t.Day),
            "getDayOfMonth" => CelValue.Of(t.Day - 1),
            "getDayOfWeek" => CelValue.Of((int)t.DayOfWeek),
            "getDayOfYear" => CelValue.Of(t.DayOfYear - 1),
            "getHours" => CelValue.Of(t.Hour),
            "getMinutes" => CelValue.Of(t.Minute),
            "getSeconds" => CelValue.Of(t.Second),
            "getMilliseconds" => CelValue.Of(value.Nanos / 1_000_000),
            _ => CelValue.NoOverload,
        };
    }

    /// <summary>A name of the IANA's database, or "+01:00"; null when there is no such zone.</summary>
    public static TimeZoneInfo? Zone(string name)
    {
        if (name.Length is 0 or > 64 || name.Contains("..", StringComparison.Ordinal) || name[0] == '/' || !name.All(c => char.IsAsciiLetterOrDigit(c) || c is '+' or '-' or '_' or '/' or ':'))
        {
            return null;
        }

        var signed = name[0] is '+' or '-' || char.IsAsciiDigit(name[0]);
        if (!signed)
        {
            return TimeZoneInfo.TryFindSystemTimeZoneById(name, out var zone) ? zone : null;
        }

        return TimeSpan.TryParseExact(name.TrimStart('+', '-'), "hh\\:mm", CultureInfo.InvariantCulture, out var offset) && offset <= TimeSpan.FromHours(14)
            ? TimeZoneInfo.CreateCustomTimeZone(name, name[0] == '-' ? -offset : offset, name, name)
            : null;
    }
}
