using System.CommandLine;
using System.CommandLine.Parsing;

namespace Waggle.Cli;

/// <summary>Turns the parser's complaints into one sentence with the nearest valid word.</summary>
internal static class UsageErrors
{
    /// <summary>Null when the command line is sound.</summary>
    public static CliException? Check(IReadOnlyList<Verb> path, ParseResult parsed, GlobalFlags globals)
    {
        var verb = path[^1];
        var name = string.Join(' ', path.Select(each => each.Name));
        if (UnknownFlag(parsed) is { } mistyped)
        {
            var word = mistyped.Split('=')[0];
            var known = verb.Flags.Concat(Verb.Inherited(path)).Concat(globals.All).Where(flag => !flag.Option.Hidden).SelectMany(flag => flag.Option.Aliases.Append(flag.Option.Name));
            return Refuse($"unknown flag \"{word}\" for \"{name}\"", Suggestions.For(word, known), name);
        }

        if (parsed.UnmatchedTokens is [var token, ..])
        {
            // "hubble peers list": the parser goes on to "list", but it is "hubble" that has no command "peers".
            var before = parsed.Tokens.TakeWhile(each => each.Value != token || each.Type == TokenType.Command).Count(each => each.Type == TokenType.Command);
            var owner = Math.Min(before, path.Count - 1);
            name = string.Join(' ', path.Take(owner + 1).Select(each => each.Name));
            if (path[owner].Children is { } children)
            {
                var known = children().Where(child => !child.Hidden).SelectMany(child => child.Aliases.Append(child.Name));
                return Refuse($"unknown command \"{token}\" for \"{name}\"", Suggestions.For(token, known), name);
            }

            return Refuse($"unexpected argument \"{token}\" for \"{name}\"", [], name);
        }

        return parsed.Errors.Where(error => verb.Run is not null || error.SymbolResult is not CommandResult).Select(error => Explain(error, name)).FirstOrDefault();
    }

    // The parser gives an operand what it does not know as a flag. Before "--" a dash begins a flag; "-" alone is standard input.
    private static string? UnknownFlag(ParseResult parsed)
    {
        if (parsed.UnmatchedTokens.FirstOrDefault(IsFlag) is { } left)
        {
            return left;
        }

        Token[] open = [.. parsed.Tokens.TakeWhile(token => token.Type != TokenType.DoubleDash)];
        return parsed.CommandResult.Children.OfType<ArgumentResult>().SelectMany(operand => operand.Tokens).FirstOrDefault(token => IsFlag(token.Value) && open.Any(each => ReferenceEquals(each, token)))?.Value;
    }

    private static bool IsFlag(string word) => word.StartsWith('-') && word.Length > 1;

    private static CliException Explain(ParseError error, string name) => error.SymbolResult switch
    {
        ArgumentResult { Argument: var argument, Tokens.Count: 0, Parent: CommandResult } => Refuse($"\"{name}\" needs {argument.HelpName ?? argument.Name}", [], name),
        CommandResult { Command.Arguments: { Count: > 0 } arguments } command when Missing(command, arguments) is { } argument => Refuse($"\"{name}\" needs {argument}", [], name),
        OptionResult { Option: var option, Tokens.Count: 0 } => Refuse($"{option.Name} needs a value", [], name),
        OptionResult { Option: var option, Tokens: var tokens } => Refuse($"{option.Name} cannot be \"{string.Join(' ', tokens.Select(token => token.Value))}\"", [], name),
        _ => Refuse(error.Message.TrimEnd('.'), [], name),
    };

    private static string? Missing(CommandResult command, IList<Argument> arguments) =>
        arguments.FirstOrDefault(argument => argument.Arity.MinimumNumberOfValues > 0 && command.GetResult(argument) is not { Tokens.Count: > 0 }) is { } missing
            ? missing.HelpName ?? missing.Name
            : null;

    private static CliException Refuse(string message, IReadOnlyList<string> nearest, string name)
    {
        var hint = nearest.Count switch
        {
            0 => "",
            1 => $"Did you mean \"{nearest[0]}\"? ",
            _ => $"Did you mean one of {string.Join(", ", nearest.Select(word => $"\"{word}\""))}? ",
        };
        return CliException.Usage(message, $"{hint}Run \"{name} --help\" for usage.");
    }
}
