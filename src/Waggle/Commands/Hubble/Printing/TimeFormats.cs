using System.Globalization;
using Google.Protobuf.WellKnownTypes;
using Waggle.Cli;

namespace Waggle.Commands.Hubble.Printing;

/// <summary>Times as the tool writes and reads them. All are UTC.</summary>
internal static class TimeFormats
{
    /// <summary>The names for <c>--time-format</c> with an example of each.</summary>
    public static readonly IReadOnlyList<(string Name, string Example)> All =
    [
        ("StampMilli", "Jan _2 15:04:05.000"),
        ("YearMonthDay", "2006-01-02"),
        ("YearMonthDayHour", "2006-01-02T15Z"),
        ("YearMonthDayHourMinute", "2006-01-02T15:04Z"),
        ("RFC3339", "2006-01-02T15:04:05Z"),
        ("RFC3339Milli", "2006-01-02T15:04:05.999Z"),
        ("RFC3339Micro", "2006-01-02T15:04:05.999999Z"),
        ("RFC3339Nano", "2006-01-02T15:04:05.999999999Z"),
        ("RFC1123Z", "Mon, 02 Jan 2006 15:04:05 -0700"),
    ];

    // Tried in this order; what lacks a zone is UTC.
    private static readonly string[] Layouts =
    [
        "yyyy-MM-dd", "yyyy-MM-dd'T'HHK", "yyyy-MM-dd'T'HHzzz", "yyyy-MM-dd'T'HH:mmK", "yyyy-MM-dd'T'HH:mm:ssK", "yyyy-MM-dd'T'HH:mm:ss.FFFFFFFK",
        "ddd, dd MMM yyyy HH:mm:ss zzz", "MMM d HH:mm:ss.fff", "MMM  d HH:mm:ss.fff", "MMM d HH:mm:ss", "MMM  d HH:mm:ss",
    ];

    /// <exception cref="CliException">There is no such format.</exception>
    public static Func<Timestamp?, string> Find(string name)
    {
        var format = All.FirstOrDefault(each => each.Name.Equals(name, StringComparison.OrdinalIgnoreCase)).Name
            ?? throw CliException.Usage($"--time-format cannot be \"{name}\"", $"Did you mean \"{Suggestions.Nearest(name, All.Select(each => each.Name))}\"? Formats: {string.Join(", ", All.Select(each => each.Name))}.");
        return time => time is null ? "N/A" : Write(format, time);
    }

    /// <summary>Reads a time, or a duration as that long before <paramref name="now"/>.</summary>
    /// <exception cref="CliException">It is neither.</exception>
    public static Timestamp Parse(string text, string flag, DateTimeOffset now)
    {
        if (Durations.TryParse(text, out var ago) && !char.IsAsciiDigit(text[^1]))
        {
            return Timestamp.FromDateTimeOffset(now - ago);
        }

        var zoned = text.Length > 5 && text[^5] is '+' or '-' && text.Contains(',') ? text[..^2] + ":" + text[^2..] : text;
        if (DateTimeOffset.TryParseExact(Cut(zoned), Layouts, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal | DateTimeStyles.AllowInnerWhite, out var time))
        {
            return Timestamp.FromDateTimeOffset(time);
        }

        throw CliException.Usage($"{flag} cannot be \"{text}\"", "write how long ago (3s, 4m, 1h43m) or a date: 2006-01-02, 2006-01-02T15Z, 2006-01-02T15:04Z, 2006-01-02T15:04:05+02:00 or \"Jan 2 15:04:05.000\"");
    }

    private static string Write(string format, Timestamp time)
    {
        var moment = DateTimeOffset.UnixEpoch.AddSeconds(Math.Clamp(time.Seconds, -62135596800, 253402300799));
        string Text(string layout) => moment.ToString(layout, CultureInfo.InvariantCulture);
        string Fraction(int digits)
        {
            var cut = time.Nanos.ToString("D9", CultureInfo.InvariantCulture)[..digits].TrimEnd('0');
            return cut.Length == 0 ? "" : "." + cut;
        }

        return format switch
        {
            "YearMonthDay" => Text("yyyy-MM-dd"),
            "YearMonthDayHour" => Text("yyyy-MM-dd'T'HH'Z'"),
            "YearMonthDayHourMinute" => Text("yyyy-MM-dd'T'HH:mm'Z'"),
            "RFC3339" => Text("yyyy-MM-dd'T'HH:mm:ss'Z'"),
            "RFC3339Milli" => Text("yyyy-MM-dd'T'HH:mm:ss") + Fraction(3) + "Z",
            "RFC3339Micro" => Text("yyyy-MM-dd'T'HH:mm:ss") + Fraction(6) + "Z",
            "RFC3339Nano" => Text("yyyy-MM-dd'T'HH:mm:ss") + Fraction(9) + "Z",
            "RFC1123Z" => Text("ddd, dd MMM yyyy HH:mm:ss") + " +0000",
            _ => string.Create(CultureInfo.InvariantCulture, $"{Text("MMM")} {moment.Day,2} {Text("HH:mm:ss")}.{time.Nanos / 1_000_000:D3}"),
        };
    }

    // .NET reads seven digits of a second's fraction; more are cut off.
    private static string Cut(string text)
    {
        var dot = text.IndexOf('.', StringComparison.Ordinal);
        if (dot < 0)
        {
            return text;
        }

        var end = dot + 1;
        while (end < text.Length && char.IsAsciiDigit(text[end]))
        {
            end++;
        }

        return end - dot > 8 ? text[..(dot + 8)] + text[end..] : text;
    }
}
