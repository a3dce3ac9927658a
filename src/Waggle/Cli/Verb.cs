namespace Waggle.Cli;

/// <summary>One command, as data. The host builds parsing, help and completion from it; nothing registers itself.</summary>
/// <param name="name">The word typed.</param>
/// <param name="purpose">One line for lists of commands, without a final full stop.</param>
public sealed class Verb(string name, string purpose)
{
    public string Name { get; } = name;

    public string Purpose { get; } = purpose;

    /// <summary>Paragraphs shown after the purpose in the command's own help.</summary>
    public string? Details { get; init; }

    /// <summary>The heading under which the parent's help lists it.</summary>
    public string Group { get; init; } = "Commands";

    public IReadOnlyList<string> Aliases { get; init; } = [];

    public IReadOnlyList<Example> Examples { get; init; } = [];

    public IReadOnlyList<IFlag> Flags { get; init; } = [];

    public IReadOnlyList<IOperand> Operands { get; init; } = [];

    /// <summary>The commands below this one; called only when the command line, help or completion goes there.</summary>
    public Func<IReadOnlyList<Verb>>? Children { get; init; }

    /// <summary>The work. Null for a pure group of commands.</summary>
    public Func<Call, CancellationToken, Task<ExitCode>>? Run { get; init; }

    /// <summary>Everything after the verb goes to <see cref="Run"/> unparsed as <see cref="Call.Rest"/> (for roles with their own flags).</summary>
    public bool PassThrough { get; init; }

    /// <summary>Ctrl-C and SIGTERM cancel the token instead of ending the process, so that the command can tidy up.</summary>
    public bool LongRunning { get; init; }

    /// <summary>Works, but is not listed.</summary>
    public bool Hidden { get; init; }

    /// <summary>The flags that hold for this verb because an ancestor has them for all its commands.</summary>
    /// <param name="path">From the tool to the verb.</param>
    public static IEnumerable<IFlag> Inherited(IReadOnlyList<Verb> path) =>
        path.SkipLast(1).SelectMany(verb => verb.Flags).Where(flag => flag.Option.Recursive);

    public bool Answers(string word) => Name == word || Aliases.Contains(word);
}

/// <param name="CommandLine">As typed, beginning with the tool's name.</param>
/// <param name="Comment">What it does.</param>
public sealed record Example(string CommandLine, string Comment);
