using System.Globalization;
using System.Text;

namespace Waggle.Hosting.Config;

/// <summary>Durations as ConfigMaps write them: <c>500ms</c>, <c>30s</c>, <c>1h30m</c>, or <c>0</c>.</summary>
public static class ConfigDuration
{
    public static bool TryParse(string text, out TimeSpan value)
    {
        value = TimeSpan.Zero;
        if (text == "0")
        {
            return true;
        }

        double seconds = 0;
        int i = 0;
        while (i < text.Length)
        {
            int start = i;
            while (i < text.Length && (char.IsAsciiDigit(text[i]) || text[i] == '.'))
            {
                i++;
            }

            int unit = i;
            while (i < text.Length && char.IsAsciiLetter(text[i]))
            {
                i++;
            }

            double scale = text[unit..i] switch { "ms" => 0.001, "s" => 1, "m" => 60, "h" => 3600, _ => -1 };
            if (scale < 0 || !double.TryParse(text.AsSpan(start, unit - start), NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out double n))
            {
                return false;
            }

            seconds += n * scale;
        }

        if (i == 0 || seconds > 1e9)
        {
            return false;
        }

        value = TimeSpan.FromSeconds(seconds);
        return true;
    }

    public static string Format(TimeSpan value)
    {
        if (value == TimeSpan.Zero)
        {
            return "0";
        }

        var text = new StringBuilder();
        if (value.TotalHours >= 1)
        {
            text.Append((long)value.TotalHours).Append('h');
        }

        if (value.Minutes > 0)
        {
            text.Append(value.Minutes).Append('m');
        }

        if (value.Seconds > 0)
        {
            text.Append(value.Seconds).Append('s');
        }

        if (value.Milliseconds > 0)
        {
            text.Append(value.Milliseconds).Append("ms");
        }

        return text.ToString();
    }
}
