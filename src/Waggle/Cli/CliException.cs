namespace Waggle.Cli;

/// <summary>An expected failure of a command: says what happened and to which object, and what the user can do.</summary>
/// <param name="message">One sentence without a final full stop.</param>
/// <param name="hint">The next thing to try, often a command; null when there is none.</param>
public sealed class CliException(string message, string? hint = null, ExitCode exitCode = ExitCode.Failed, Exception? inner = null)
    : Exception(message, inner)
{
    public string? Hint { get; } = hint;

    public ExitCode ExitCode { get; } = exitCode;

    /// <summary>An argument that cannot be used.</summary>
    public static CliException Usage(string message, string? hint = null) => new(message, hint, ExitCode.Usage);

    /// <summary>Something the command needs does not answer.</summary>
    public static CliException NotReachable(string message, string? hint = null, Exception? inner = null) =>
        new(message, hint, ExitCode.NotReachable, inner);
}
