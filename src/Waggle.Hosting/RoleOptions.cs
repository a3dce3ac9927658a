namespace Waggle.Hosting;

/// <summary>The command line of a long-running role: <c>--name value</c> or <c>--name=value</c>, each name known.</summary>
public static class RoleOptions
{
    /// <summary>Folds options into a record, in their order.</summary>
    /// <param name="arguments">As given to the process.</param>
    /// <param name="start">All defaults.</param>
    /// <param name="known">What each option changes.</param>
    /// <exception cref="ArgumentException">An option is unknown (the message names the known ones) or lacks its value.</exception>
    public static T Parse<T>(IReadOnlyList<string> arguments, T start, params (string Name, Func<T, string, T> Set)[] known)
    {
        T result = start;
        for (int i = 0; i < arguments.Count; i++)
        {
            string name = arguments[i], value;
            int equals = name.IndexOf('=', StringComparison.Ordinal);
            if (equals > 0)
            {
                (name, value) = (name[..equals], name[(equals + 1)..]);
            }
            else
            {
                value = ++i < arguments.Count ? arguments[i] : throw new ArgumentException($"{name} needs a value");
            }

            result = (known.FirstOrDefault(k => k.Name == name).Set ?? throw new ArgumentException($"unknown argument {name}; known: {string.Join(", ", known.Select(k => k.Name))}"))(result, value);
        }

        return result;
    }
}
