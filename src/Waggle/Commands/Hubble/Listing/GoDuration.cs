namespace Waggle.Commands.Hubble.Listing;

/// <summary>Durations as the tool's listings write them: <c>1h2m3s</c>.</summary>
internal static class GoDuration
{
    /// <summary>Rounded to whole seconds.</summary>
    public static string Format(ulong nanoseconds)
    {
        var seconds = (nanoseconds + 500_000_000) / 1_000_000_000;
        return seconds >= 3600 ? $"{seconds / 3600}h{seconds / 60 % 60}m{seconds % 60}s"
            : seconds >= 60 ? $"{seconds / 60}m{seconds % 60}s"
            : $"{seconds}s";
    }
}
