using System.Globalization;

namespace Waggle.Lab.ApiServer;

/// <summary>Durations as kubectl shows ages: two units while small, one when large.</summary>
internal static class HumanDuration
{
    public static string Of(TimeSpan span)
    {
        var seconds = (long)span.TotalSeconds;
        if (seconds < -1)
        {
            return "<invalid>";
        }
        if (seconds <= 0)
        {
            return "0s";
        }
        if (seconds < 120)
        {
            return Text(seconds, "s");
        }
        var minutes = seconds / 60;
        if (minutes < 10)
        {
            return Text(minutes, "m") + Rest(seconds % 60, "s");
        }
        if (minutes < 180)
        {
            return Text(minutes, "m");
        }
        var hours = minutes / 60;
        if (hours < 8)
        {
            return Text(hours, "h") + Rest(minutes % 60, "m");
        }
        if (hours < 48)
        {
            return Text(hours, "h");
        }
        var days = hours / 24;
        if (days < 8)
        {
            return Text(days, "d") + Rest(hours % 24, "h");
        }
        if (days < 365 * 2)
        {
            return Text(days, "d");
        }
        var years = days / 365;
        return years < 8 ? Text(years, "y") + Rest(days % 365, "d") : Text(years, "y");
    }

    private static string Rest(long value, string unit) => value == 0 ? "" : Text(value, unit);

    private static string Text(long value, string unit) => value.ToString(CultureInfo.InvariantCulture) + unit;
}
