using System.Buffers.Text;
using System.Globalization;
using System.Text;

namespace Waggle.Lab.Nodes.Logs;

/// <summary>One line of a container's log file: <c>TIME STREAM TAG TEXT</c>, as container runtimes write it. TAG is F, or P for a part of a long line.</summary>
internal readonly ref struct LogLine
{
    /// <summary>Text beyond this becomes several parts.</summary>
    public const int MaxText = 16 * 1024;

    private const string TimeFormat = "yyyy-MM-dd'T'HH:mm:ss.fffffff'00Z'";

    private LogLine(DateTimeOffset time, ReadOnlySpan<byte> timeText, bool isPart, ReadOnlySpan<byte> text)
    {
        Time = time;
        TimeText = timeText;
        IsPart = isPart;
        Text = text;
    }

    public DateTimeOffset Time { get; }

    public ReadOnlySpan<byte> TimeText { get; }

    public bool IsPart { get; }

    public ReadOnlySpan<byte> Text { get; }

    /// <summary>Reads a line without its newline; false when it has another shape (for instance cut by a full disk).</summary>
    public static bool TryParse(ReadOnlySpan<byte> line, out LogLine result)
    {
        result = default;
        int first = line.IndexOf((byte)' ');
        if (first <= 0)
            return false;
        ReadOnlySpan<byte> rest = line[(first + 1)..];
        int second = rest.IndexOf((byte)' ');
        if (second < 0 || rest.Length < second + 2 || !TryTime(line[..first], out DateTimeOffset time))
            return false;
        bool part = rest[second + 1] == (byte)'P';
        ReadOnlySpan<byte> text = rest.Length > second + 3 ? rest[(second + 3)..] : [];
        result = new LogLine(time, line[..first], part, text);
        return true;
    }

    public static byte[] Format(DateTimeOffset time, bool error, bool part, ReadOnlySpan<byte> text)
    {
        byte[] head = Encoding.ASCII.GetBytes($"{time.UtcDateTime.ToString(TimeFormat, CultureInfo.InvariantCulture)} {(error ? "stderr" : "stdout")} {(part ? 'P' : 'F')} ");
        byte[] line = new byte[head.Length + text.Length + 1];
        head.CopyTo(line, 0);
        text.CopyTo(line.AsSpan(head.Length));
        line[^1] = (byte)'\n';
        return line;
    }

    private static bool TryTime(ReadOnlySpan<byte> text, out DateTimeOffset time)
    {
        // Nine digits of a second; the last two are beyond the clock's ticks.
        if (text.Length == 30 && Utf8Parser.TryParse(text[..19], out DateTime whole, out int used, 'O') && used == 19
            && Utf8Parser.TryParse(text.Slice(20, 7), out int ticks, out _))
        {
            time = new DateTimeOffset(DateTime.SpecifyKind(whole, DateTimeKind.Utc)).AddTicks(ticks);
            return true;
        }
        return DateTimeOffset.TryParse(Encoding.ASCII.GetString(text), CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out time);
    }
}
