namespace Waggle.Cel;

/// <summary>An expression of the Common Expression Language cannot be used. The message begins with the place.</summary>
#pragma warning disable CA1032 // an error without a place helps nobody
public sealed class CelException : Exception
{
    /// <param name="text">The expression.</param>
    /// <param name="at">Index of the character that is meant.</param>
    /// <param name="problem">What is wrong.</param>
    public CelException(string text, int at, string problem)
        : base($"{Place(text, at)}: {problem}") => (Line, Column) = Find(text, at);

    /// <summary>From 1 on.</summary>
    public int Line { get; }

    /// <summary>From 1 on, in characters.</summary>
    public int Column { get; }

    private static (int Line, int Column) Find(string text, int at)
    {
        var before = text.AsSpan(0, Math.Min(at, text.Length));
        return (before.Count('\n') + 1, before.Length - before.LastIndexOf('\n'));
    }

    private static string Place(string text, int at)
    {
        var (line, column) = Find(text, at);
        return line == 1 ? $"column {column}" : $"line {line}, column {column}";
    }
}
