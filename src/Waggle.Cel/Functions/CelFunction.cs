using System.Text.RegularExpressions;

namespace Waggle.Cel;

/// <summary>
/// What a function does with values of the types that it takes; those it does not take are errors. What it copies or looks through, it
/// charges.
/// </summary>
public delegate CelValue CelBody(ref CelBudget budget, in CelValue x, in CelValue y, in CelValue z);

/// <summary>One form of a function.</summary>
/// <param name="Name">Its name.</param>
/// <param name="IsMember">Called as a.f(b), the receiver being the first parameter.</param>
/// <param name="Result">Type of the result.</param>
/// <param name="Body">Called with values of the types of the parameters, none of them an error.</param>
/// <param name="Parameters">One to three.</param>
public sealed record CelFunction(string Name, bool IsMember, CelType Result, CelBody Body, params CelType[] Parameters)
{
    // Error: any, as no argument is one.
    private readonly CelKind[] _kinds = Array.ConvertAll(Parameters, p => p.Kind ?? CelKind.Error);

    /// <summary>A function whose last parameter is a regular expression: what it does with the text and the compiled pattern.</summary>
    internal Func<Regex, string, CelValue>? Match { get; init; }

    /// <summary>Whether expressions of these types may be the arguments.</summary>
    internal bool Fits(ReadOnlySpan<CelType> types)
    {
        var fits = types.Length == Parameters.Length;
        for (var i = 0; fits && i < types.Length; i++)
        {
            fits = types[i].Fits(Parameters[i]);
        }

        return fits;
    }

    /// <summary>Whether these values may be.</summary>
    internal bool Takes(in CelValue x, in CelValue y, in CelValue z) => Takes(0, x) && Takes(1, y) && Takes(2, z);

    private bool Takes(int i, in CelValue value) => i >= _kinds.Length || _kinds[i] == value.Kind || _kinds[i] == CelKind.Error;

    /// <summary>As it is called.</summary>
    public override string ToString() => IsMember ? $"{Parameters[0]}.{Name}({string.Join(", ", Parameters.Skip(1))})" : $"{Name}({string.Join<CelType>(", ", Parameters)})";
}
