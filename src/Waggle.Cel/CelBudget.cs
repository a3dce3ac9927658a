namespace Waggle.Cel;

/// <summary>
/// What an evaluation, or several, may still cost: a unit is about one operation of an iteration, or four characters that are copied
/// or searched.
/// </summary>
/// <param name="units">The whole of it.</param>
public struct CelBudget(int units)
{
    /// <summary>Units of a regular expression that is made during an evaluation.</summary>
    internal const int Pattern = 1_000;

    /// <summary>The result of what was too dear.</summary>
    public static CelValue Exhausted { get; } = CelValue.Error("the evaluation costs more than it may");

    private int _left = units;

    /// <summary>True once more was asked for than there was.</summary>
    public readonly bool IsExhausted => _left < 0;

    /// <summary>False: stop here, with <see cref="Exhausted"/>.</summary>
    public bool Charge(int units) => _left >= 0 && (_left -= units) >= 0;
}
