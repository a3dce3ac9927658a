using System.CommandLine;

namespace Waggle.Cli;

/// <summary>One invocation of a verb: its values, its terminal and its surroundings.</summary>
public sealed class Call(IReadOnlyList<string> path, ParseResult? parsed, IReadOnlyList<string> rest, Terminal terminal, HostEnvironment environment)
{
    /// <summary>The words that named the verb, beginning with the tool, e.g. <c>cilium config view</c>.</summary>
    public IReadOnlyList<string> Path { get; } = path;

    /// <summary>Unparsed arguments of a pass-through verb.</summary>
    public IReadOnlyList<string> Rest { get; } = rest;

    public Terminal Terminal { get; } = terminal;

    public HostEnvironment Environment { get; } = environment;

    /// <summary>The flag's value, or its default.</summary>
    public T? Get<T>(Flag<T> flag) => parsed is null ? flag.Default : parsed.GetValue(flag);

    /// <summary>Whether the flag was typed.</summary>
    public bool Has<T>(Flag<T> flag) => parsed?.GetResult(flag) is { Implicit: false };

    /// <summary>The argument's value; the type's default when an optional one is absent.</summary>
    public T? Get<T>(Operand<T> operand) => parsed is null ? default : parsed.GetValue(operand);

    /// <summary>
    /// The flags of the verb as they were typed, in their order, each with its value (null for a flag without one): for commands where
    /// one flag changes the meaning of the next.
    /// </summary>
    public IReadOnlyList<(string Name, string? Value)> TypedFlags()
    {
        var typed = new List<(string Name, string? Value)>();
        var options = parsed?.CommandResult.Command.Options ?? [];
        string? open = null;
        foreach (var token in parsed?.Tokens ?? [])
        {
            switch (token.Type)
            {
                case System.CommandLine.Parsing.TokenType.Option:
                    Close();
                    open = options.FirstOrDefault(option => option.Name == token.Value || option.Aliases.Contains(token.Value))?.Name ?? token.Value;
                    break;
                case System.CommandLine.Parsing.TokenType.Argument when open is not null:
                    typed.Add((open, token.Value));
                    open = null;
                    break;
                default:
                    Close();
                    break;
            }
        }

        Close();
        return typed;

        void Close()
        {
            if (open is not null)
            {
                typed.Add((open, null));
                open = null;
            }
        }
    }
}
