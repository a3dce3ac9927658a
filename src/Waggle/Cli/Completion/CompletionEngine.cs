namespace Waggle.Cli.Completion;

/// <summary>Answers "what can stand here" from the verbs alone; the shells' scripts ask it through the hidden verb <c>__complete</c>.</summary>
public static class CompletionEngine
{
    /// <param name="before">Finished words after the tool's name.</param>
    /// <param name="typed">The unfinished word, possibly empty.</param>
    public static IEnumerable<Candidate> Complete(Verb tool, IReadOnlyList<string> before, string typed, HostEnvironment environment)
    {
        var globals = new GlobalFlags();
        var request = new CompletionRequest(typed, [tool.Name, .. before], environment);
        var verb = tool;
        var flags = globals.All.Concat(verb.Flags).ToList();
        var inherited = new List<IFlag>();
        IFlag? open = null;
        var operands = 0;
        var literal = false;
        foreach (var word in before)
        {
            if (open is not null)
            {
                open = null;
            }
            else if (!literal && word == "--")
            {
                literal = true;
            }
            else if (!literal && word.StartsWith('-') && word.Length > 1)
            {
                var flag = Find(flags, word);
                open = flag is not null && flag.Option.ValueType != typeof(bool) && !word.Contains('=') ? flag : null;
            }
            else if (operands == 0 && verb.Children?.Invoke().FirstOrDefault(child => child.Answers(word)) is { } next)
            {
                inherited.AddRange(verb.Flags.Where(flag => flag.Option.Recursive));
                verb = next;
                flags = [.. globals.All, .. inherited, .. verb.Flags];
            }
            else
            {
                operands++;
            }
        }

        return Propose(verb, flags, open, operands, literal, request).Where(candidate => candidate.Word.StartsWith(typed, StringComparison.Ordinal)).DistinctBy(candidate => candidate.Word);
    }

    private static IEnumerable<Candidate> Propose(Verb verb, IReadOnlyList<IFlag> flags, IFlag? open, int operands, bool literal, CompletionRequest request)
    {
        var typed = request.Typed;
        if (open is not null)
        {
            return open.Values?.Invoke(request) ?? [];
        }

        if (!literal && typed.StartsWith("--", StringComparison.Ordinal) && typed.Contains('='))
        {
            var name = typed[..typed.IndexOf('=')];
            return Find(flags, name)?.Values?.Invoke(request with { Typed = typed[(name.Length + 1)..] }).Select(value => new Candidate($"{name}={value.Word}", value.Remark)) ?? [];
        }

        if (!literal && typed.StartsWith('-'))
        {
            return flags.Where(flag => !flag.Option.Hidden).Select(flag => new Candidate(flag.Option.Name, flag.Option.Description));
        }

        var words = new List<Candidate>();
        if (operands == 0 && verb.Children is not null)
        {
            words.AddRange(verb.Children().Where(child => !child.Hidden).Select(child => new Candidate(child.Name, child.Purpose)));
        }

        var operand = verb.Operands.Count == 0 ? null : operands < verb.Operands.Count ? verb.Operands[operands] : verb.Operands[^1].Argument.Arity.MaximumNumberOfValues > 1 ? verb.Operands[^1] : null;
        words.AddRange(operand?.Values?.Invoke(request) ?? []);
        return words;
    }

    private static IFlag? Find(IEnumerable<IFlag> flags, string word)
    {
        var name = word.Split('=')[0];
        return flags.FirstOrDefault(flag => flag.Option.Name == name || flag.Option.Aliases.Contains(name));
    }
}
