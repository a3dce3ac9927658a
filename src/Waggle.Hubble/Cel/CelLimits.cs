namespace Waggle.Hubble.Cel;

/// <summary>What an expression from a stranger may cost.</summary>
public static class CelLimits
{
    /// <summary>Characters of an expression.</summary>
    public const int Length = 4096;

    /// <summary>How deep operators, brackets and calls may be nested.</summary>
    public const int Depth = 100;

    /// <summary>Variables of macros within each other.</summary>
    public const int Variables = 4;

    /// <summary>Units of one evaluation: a unit is about one operation of an iteration, or four characters that are copied or searched.</summary>
    public const int Cost = 100_000;

    /// <summary>Units of a regular expression that is made during an evaluation.</summary>
    internal const int RegexCost = 1_000;
}
