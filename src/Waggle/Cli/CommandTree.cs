using System.CommandLine;

namespace Waggle.Cli;

/// <summary>The parser's commands for one command line: complete along the words typed, names only beside them.</summary>
internal sealed class CommandTree
{
    private readonly Dictionary<Command, Verb> _verbs = [];
    private readonly List<IFlag> _wordy = [];

    private CommandTree(Verb root, GlobalFlags globals, IReadOnlySet<string> words)
    {
        Globals = globals;
        Root = Build(root, words, isRoot: true);
        foreach (var flag in globals.All)
        {
            Root.Add(flag.Option);
        }
    }

    public Command Root { get; }

    public GlobalFlags Globals { get; }

    public static CommandTree For(Verb root, IReadOnlyList<string> arguments) => new(root, new GlobalFlags(), arguments.ToHashSet());

    public Verb VerbOf(Command command) => _verbs[command];

    /// <summary>The command line as the parser takes it: what <see cref="IFlag.SaysNoMore"/> is left out.</summary>
    public IReadOnlyList<string> Plain(IReadOnlyList<string> arguments)
    {
        if (_wordy.Count == 0)
        {
            return arguments;
        }

        var open = arguments.TakeWhile(word => word != "--").Count();
        return [.. arguments.Select((word, at) => at < open ? Plain(word) : word)];
    }

    /// <summary>The verbs from the root to the one the parser settled on.</summary>
    public IReadOnlyList<Verb> PathTo(ParseResult parsed)
    {
        var path = new List<Verb>();
        for (System.CommandLine.Parsing.SymbolResult? result = parsed.CommandResult; result is not null; result = result.Parent)
        {
            if (result is System.CommandLine.Parsing.CommandResult command)
            {
                path.Insert(0, _verbs[command.Command]);
            }
        }

        return path;
    }

    private string Plain(string word) =>
        word.Split('=', 2) is [var name, var value] && _wordy.Any(flag => (flag.Option.Name == name || flag.Option.Aliases.Contains(name)) && flag.SaysNoMore.Contains(value, StringComparer.OrdinalIgnoreCase)) ? name : word;

    private Command Build(Verb verb, IReadOnlySet<string> words, bool isRoot = false)
    {
        var command = new Command(verb.Name, verb.Purpose) { Hidden = verb.Hidden };
        _verbs[command] = verb;
        foreach (var alias in verb.Aliases)
        {
            command.Aliases.Add(alias);
        }

        // Anything not mentioned on the command line cannot be reached: its flags and children need not exist.
        if (!isRoot && !words.Contains(verb.Name) && !verb.Aliases.Any(words.Contains))
        {
            return command;
        }

        foreach (var flag in verb.Flags)
        {
            command.Add(flag.Option);
            if (flag.SaysNoMore.Count > 0)
            {
                _wordy.Add(flag);
            }
        }

        foreach (var operand in verb.Operands)
        {
            command.Add(operand.Argument);
        }

        if (verb.Run is not null)
        {
            // The host runs the verb; but without an action the parser takes a command that has commands for an unfinished one.
            command.SetAction(_ => 0);
        }

        foreach (var child in verb.Children?.Invoke() ?? [])
        {
            command.Add(Build(child, words));
        }

        return command;
    }
}
