using System.Globalization;

namespace Waggle.Cli;

/// <summary>Durations as people type them in this field: <c>5m</c>, <c>1m30s</c>, <c>250ms</c>; a bare number means seconds.</summary>
public static class Durations
{
    private static readonly (string Unit, double Seconds)[] Units = [("ms", 0.001), ("h", 3600), ("m", 60), ("s", 1), ("d", 86400)];

    /// <exception cref="CliException">The text is no duration.</exception>
    public static TimeSpan Parse(string text, string flag) =>
        TryParse(text, out var span) ? span : throw CliException.Usage($"{flag} cannot be \"{text}\"", "write a duration such as 30s, 5m or 1m30s");

    public static bool TryParse(string text, out TimeSpan span)
    {
        span = default;
        if (double.TryParse(text, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var seconds))
        {
            return TryFrom(seconds, out span);
        }

        var rest = text.AsSpan();
        var total = 0.0;
        while (rest.Length > 0)
        {
            var digits = rest.IndexOfAnyExcept("0123456789.");
            if (digits <= 0 || !double.TryParse(rest[..digits], NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var number))
            {
                return false;
            }

            rest = rest[digits..];
            var matched = false;
            foreach (var (unit, factor) in Units)
            {
                if (rest.StartsWith(unit))
                {
                    total += number * factor;
                    rest = rest[unit.Length..];
                    matched = true;
                    break;
                }
            }

            if (!matched)
            {
                return false;
            }
        }

        return text.Length > 0 && TryFrom(total, out span);
    }

    /// <summary>The short form, e.g. <c>1m30s</c>.</summary>
    public static string Format(TimeSpan span)
    {
        if (span < TimeSpan.FromSeconds(1))
        {
            return $"{span.TotalMilliseconds:0}ms";
        }

        var text = "";
        if (span.Days > 0)
        {
            text += $"{span.Days}d";
        }

        if (span.Hours > 0)
        {
            text += $"{span.Hours}h";
        }

        if (span.Minutes > 0)
        {
            text += $"{span.Minutes}m";
        }

        return span.Seconds > 0 || text.Length == 0 ? text + $"{span.Seconds}s" : text;
    }

    private static bool TryFrom(double seconds, out TimeSpan span)
    {
        var sane = seconds >= 0 && seconds < 1e9;
        span = sane ? TimeSpan.FromSeconds(seconds) : default;
        return sane;
    }
}
