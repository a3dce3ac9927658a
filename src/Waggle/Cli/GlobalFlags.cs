namespace Waggle.Cli;

/// <summary>The flags every command takes; shown last in help.</summary>
public sealed class GlobalFlags
{
    private const string Heading = "Global flags";

    public Flag<bool> Help { get; } = new("--help", "show help for the command", "-h") { Group = Heading, Recursive = true };

    public Flag<string> Color { get; } = new("--color", "colour the output: auto, always or never (NO_COLOR and CLICOLOR_FORCE are honoured)")
    {
        Group = Heading, Recursive = true, HelpName = "WHEN", Default = "auto", Values = _ => ["auto", "always", "never"],
    };

    public Flag<bool> Quiet { get; } = new("--quiet", "no progress and no remarks, only data and errors", "-q") { Group = Heading, Recursive = true };

    public IReadOnlyList<IFlag> All => [Help, Color, Quiet];
}
