using Waggle.Cli;

namespace Waggle.Commands.General;

/// <summary><c>help [COMMAND…]</c> and the topic <c>exit-codes</c>.</summary>
internal static class HelpCommand
{
    public static Verb Create(Func<Verb> tool)
    {
        var words = Operand.Many("command", "a command, or the topic exit-codes", request => Candidates(tool(), request));
        return new Verb("help", "Show help for a command or a topic")
        {
            Group = "Other commands",
            Operands = [words],
            Examples = [new($"{tool().Name} help exit-codes", "what the exit codes mean")],
            Run = (call, _) => Task.FromResult(Show(tool(), call, call.Get(words) ?? [])),
        };
    }

    private static ExitCode Show(Verb tool, Call call, IReadOnlyList<string> words)
    {
        if (words is ["exit-codes"])
        {
            foreach (var (code, meaning) in ExitCodes.All)
            {
                call.Terminal.Out.Write($"{(int)code,4}  {meaning}\n");
            }

            return ExitCode.Ok;
        }

        var path = new List<Verb> { tool };
        foreach (var word in words)
        {
            var children = path[^1].Children?.Invoke() ?? [];
            path.Add(children.FirstOrDefault(child => child.Answers(word)) ?? throw CliException.Usage(
                $"unknown command \"{word}\" for \"{string.Join(' ', path.Select(each => each.Name))}\"",
                Suggestions.For(word, children.Where(child => !child.Hidden).Select(child => child.Name)) is [var nearest, ..] ? $"Did you mean \"{nearest}\"?" : null));
        }

        new HelpWriter(call.Terminal.Out, call.Terminal.OutStyle).Write(path, new GlobalFlags());
        return ExitCode.Ok;
    }

    private static IEnumerable<Candidate> Candidates(Verb tool, CompletionRequest request)
    {
        var verb = tool;
        foreach (var word in request.Before.Skip(2))
        {
            verb = verb.Children?.Invoke().FirstOrDefault(child => child.Answers(word)) ?? verb;
        }

        var commands = (verb.Children?.Invoke() ?? []).Where(child => !child.Hidden).Select(child => new Candidate(child.Name, child.Purpose));
        return verb == tool ? commands.Append(new Candidate("exit-codes", "what the exit codes mean")) : commands;
    }
}
