using System.CommandLine;

namespace Waggle.Cli;

/// <summary>What help and completion need to know of a flag.</summary>
public interface IFlag
{
    Option Option { get; }

    /// <summary>Heading in the help text.</summary>
    string Group { get; }

    /// <summary>Live or fixed values for completion; null when any text goes.</summary>
    Func<CompletionRequest, IEnumerable<Candidate>>? Values { get; }

    /// <summary>For a flag without a value: words that may follow it after "=" and say no more than the flag alone, as v4 in --ipv4=v4.</summary>
    IReadOnlyList<string> SaysNoMore { get; }
}

/// <summary>A flag with a typed value. Booleans take no value on the command line (but accept <c>=true</c> and <c>=false</c>).</summary>
public sealed class Flag<T> : Option<T>, IFlag
{
    public Flag(string name, string purpose, params string[] aliases) : base(name, aliases)
    {
        Description = purpose;
        AllowMultipleArgumentsPerToken = false;
    }

    public string Group { get; init; } = "Flags";

    public Func<CompletionRequest, IEnumerable<Candidate>>? Values { get; init; }

    public IReadOnlyList<string> SaysNoMore { get; init; } = [];

    /// <summary>The value when the flag is not given; shown in help unless it is the type's own default.</summary>
    public T? Default
    {
        get => DefaultValueFactory is null ? default : DefaultValueFactory(null!);
        init => DefaultValueFactory = _ => value!;
    }

    Option IFlag.Option => this;
}

/// <summary>What help and completion need to know of a positional argument.</summary>
public interface IOperand
{
    Argument Argument { get; }

    Func<CompletionRequest, IEnumerable<Candidate>>? Values { get; }
}

/// <summary>A positional argument; required unless made with <see cref="Operand.Optional"/> or <see cref="Operand.Many"/>.</summary>
public sealed class Operand<T> : Argument<T>, IOperand
{
    public Operand(string name, string purpose) : base(name)
    {
        Description = purpose;
        HelpName = name.ToUpperInvariant();
    }

    public Func<CompletionRequest, IEnumerable<Candidate>>? Values { get; init; }

    Argument IOperand.Argument => this;
}

/// <summary>Shapes of positional arguments.</summary>
public static class Operand
{
    public static Operand<string> Required(string name, string purpose, Func<CompletionRequest, IEnumerable<Candidate>>? values = null) =>
        new(name, purpose) { Arity = ArgumentArity.ExactlyOne, Values = values };

    public static Operand<string?> Optional(string name, string purpose, Func<CompletionRequest, IEnumerable<Candidate>>? values = null) =>
        new(name, purpose) { Arity = ArgumentArity.ZeroOrOne, Values = values };

    public static Operand<string[]> Many(string name, string purpose, Func<CompletionRequest, IEnumerable<Candidate>>? values = null) =>
        new(name, purpose) { Arity = ArgumentArity.ZeroOrMore, Values = values };
}
