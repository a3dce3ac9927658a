using System.Text.RegularExpressions;

namespace Waggle.Cel;

/// <summary>What a function does with values of the types that it takes. What it copies or looks through, it charges.</summary>
public delegate CelValue CelBody(ref CelBudget budget, ReadOnlySpan<CelValue> arguments);

/// <summary>One form of a function.</summary>
/// <param name="Name">Its name.</param>
/// <param name="IsMember">Called as a.f(b), the receiver being the first parameter.</param>
/// <param name="Result">Type of the result.</param>
/// <param name="Body">Called with values of the types of the parameters, none of them an error.</param>
/// <param name="Parameters">One to three.</param>
public sealed record CelFunction(string Name, bool IsMember, CelType Result, CelBody Body, params CelType[] Parameters)
{
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
    internal bool Takes(ReadOnlySpan<CelValue> values)
    {
        for (var i = 0; i < values.Length; i++)
        {
            if (Parameters[i].Kind is { } kind && kind != values[i].Kind)
            {
                return false;
            }
        }

        return true;
    }

    /// <summary>As it is called.</summary>
    public override string ToString() => IsMember ? $"{Parameters[0]}.{Name}({string.Join(", ", Parameters.Skip(1))})" : $"{Name}({string.Join<CelType>(", ", Parameters)})";
}
