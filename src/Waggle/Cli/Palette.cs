namespace Waggle.Cli;

/// <summary>Colours for a stream, or none.</summary>
public sealed class Palette
{
    public static readonly Palette Plain = new(false);

    public static readonly Palette Coloured = new(true);

    private readonly bool _on;

    private Palette(bool on) => _on = on;

    public bool Enabled => _on;

    public string Red(string text) => Paint("31", text);

    public string Green(string text) => Paint("32", text);

    public string Yellow(string text) => Paint("33", text);

    public string Blue(string text) => Paint("34", text);

    public string Cyan(string text) => Paint("36", text);

    public string Magenta(string text) => Paint("35", text);

    public string Bold(string text) => Paint("1", text);

    public string Dim(string text) => Paint("2", text);

    /// <summary>Decides by the flag first, then NO_COLOR (no-color.org), CLICOLOR_FORCE, and whether a human is looking.</summary>
    /// <param name="when"><c>always</c>, <c>never</c> or <c>auto</c>.</param>
    public static Palette Choose(string when, bool isTerminal, Func<string, string?> variable) => when switch
    {
        "always" => Coloured,
        "never" => Plain,
        _ when variable("NO_COLOR") is { Length: > 0 } => Plain,
        _ when variable("CLICOLOR_FORCE") is { Length: > 0 } and not "0" => Coloured,
        _ when variable("TERM") == "dumb" => Plain,
        _ => isTerminal ? Coloured : Plain,
    };

    private string Paint(string code, string text) => _on && text.Length > 0 ? $"\e[{code}m{text}\e[0m" : text;
}
