namespace Waggle.Cli;

/// <summary>Finds a verb that parses its arguments itself, before the parser would complain about them.</summary>
internal static class PassThrough
{
    public static (Verb Verb, IReadOnlyList<string> Path, IReadOnlyList<string> Arguments)? Find(Verb tool, IReadOnlyList<string> arguments)
    {
        var path = new List<string> { tool.Name };
        var verb = tool;
        var index = 0;
        while (!verb.PassThrough)
        {
            if (index == arguments.Count || verb.Children?.Invoke().FirstOrDefault(child => child.Answers(arguments[index])) is not { } next)
            {
                return null;
            }

            verb = next;
            path.Add(verb.Name);
            index++;
        }

        var rest = arguments.Skip(index).ToList();
        return rest is ["--help" or "-h", ..] ? null : (verb, path, rest);
    }
}
