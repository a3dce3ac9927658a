using System.Collections.Immutable;

namespace Waggle.Policy.Rules.Parsing;

/// <summary>Collects what is wrong; a hostile object must not make a report larger than itself.</summary>
internal sealed class ProblemList
{
    private const int Most = 64;
    private const int MostShown = 128;

    private readonly List<PolicyProblem> _errors = [];
    private readonly List<PolicyProblem> _warnings = [];

    public ImmutableArray<PolicyProblem> Errors => [.. _errors];

    public ImmutableArray<PolicyProblem> Warnings => [.. _warnings];

    public void Error(Field field, string message) => Add(_errors, field, message);

    public void Warn(Field field, string message) => Add(_warnings, field, message);

    /// <summary>A value of the object, as messages quote it.</summary>
    public static string Quote(string? text)
    {
        text ??= "null";
        return text.Length <= MostShown ? $"\"{text}\"" : $"\"{text[..MostShown]}…\"";
    }

    private static void Add(List<PolicyProblem> list, Field field, string message)
    {
        if (list.Count < Most)
        {
            list.Add(new PolicyProblem(field.Path, field.Pointer, message));
        }
    }
}
