namespace Waggle.Cli;

/// <summary>Help for one verb: purpose, usage, examples first, commands, arguments, flags in groups, global flags last.</summary>
internal sealed class HelpWriter(TextWriter output, Palette style)
{
    public void Write(IReadOnlyList<Verb> path, GlobalFlags globals)
    {
        var verb = path[^1];
        var name = string.Join(' ', path.Select(each => each.Name));
        output.WriteLine(verb.Purpose + ".");
        if (verb.Details is not null)
        {
            output.WriteLine();
            output.WriteLine(verb.Details.TrimEnd());
        }

        Heading("Usage");
        output.WriteLine($"  {name}{UsageTail(verb)}");
        if (verb.Aliases.Count > 0)
        {
            Heading("Aliases");
            output.WriteLine("  " + string.Join(", ", verb.Aliases));
        }

        if (verb.Examples.Count > 0)
        {
            Heading("Examples");
            foreach (var example in verb.Examples)
            {
                output.WriteLine($"  {style.Dim("# " + example.Comment)}");
                output.WriteLine($"  {example.CommandLine}");
            }
        }

        foreach (var group in (verb.Children?.Invoke() ?? []).Where(child => !child.Hidden).GroupBy(child => child.Group))
        {
            Heading(group.Key);
            Columns(group.Select(child => (child.Name, child.Purpose)));
        }

        if (verb.Operands.Count > 0)
        {
            Heading("Arguments");
            Columns(verb.Operands.Select(operand => (operand.Argument.HelpName ?? operand.Argument.Name, operand.Argument.Description ?? "")));
        }

        foreach (var group in verb.Flags.Concat(Verb.Inherited(path)).Concat(globals.All).Where(flag => !flag.Option.Hidden).GroupBy(flag => flag.Group))
        {
            Heading(group.Key);
            Columns(group.Select(flag => (Label(flag), Describe(flag))));
        }

        if (verb.Children is not null)
        {
            output.WriteLine();
            output.WriteLine($"Run \"{name} COMMAND --help\" for a command, \"{path[0].Name} help exit-codes\" for the exit codes.");
        }
    }

    private static string UsageTail(Verb verb)
    {
        var operands = string.Concat(verb.Operands.Select(operand =>
        {
            var argument = operand.Argument;
            var word = argument.HelpName ?? argument.Name;
            word = argument.Arity.MaximumNumberOfValues > 1 ? word + "..." : word;
            return argument.Arity.MinimumNumberOfValues == 0 ? $" [{word}]" : $" {word}";
        }));
        var command = verb.Children is null ? "" : verb.Run is null ? " COMMAND" : " [COMMAND]";
        return verb.PassThrough ? " [flags]" : $"{command}{operands} [flags]";
    }

    private static string Label(IFlag flag)
    {
        var option = flag.Option;
        var shortName = option.Aliases.FirstOrDefault(alias => alias.Length == 2);
        var value = option.ValueType == typeof(bool) ? "" : " " + (option.HelpName ?? option.Name.TrimStart('-').ToUpperInvariant());
        return (shortName is null ? "    " : shortName + ", ") + option.Name + value;
    }

    private static string Describe(IFlag flag)
    {
        var value = flag.Option.HasDefaultValue && flag.Option.ValueType != typeof(bool) ? flag.Option.GetDefaultValue() : null;
        var shown = value switch
        {
            TimeSpan span => Durations.Format(span),
            System.Collections.IEnumerable and not string => "",
            _ => value?.ToString() ?? "",
        };
        return shown.Length > 0 ? $"{flag.Option.Description} (default {shown})" : flag.Option.Description ?? "";
    }

    private void Heading(string text)
    {
        output.WriteLine();
        output.WriteLine(style.Bold(text + ":"));
    }

    private void Columns(IEnumerable<(string Left, string Right)> rows)
    {
        var all = rows.ToList();
        var width = Math.Min(34, all.Max(row => row.Left.Length)) + 2;
        foreach (var (left, right) in all)
        {
            output.WriteLine(left.Length < width ? $"  {left.PadRight(width)}{right}" : $"  {left}\n  {new string(' ', width)}{right}");
        }
    }
}
