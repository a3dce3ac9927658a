namespace Waggle.Cel;

/// <summary>What an expression from a stranger may cost. What an evaluation costs at most is told by its <see cref="CelBudget"/>.</summary>
public sealed record CelLimits
{
    /// <summary>Characters of an expression.</summary>
    public required int Length { get; init; }

    /// <summary>How deep operators, brackets and calls may be nested.</summary>
    public required int Depth { get; init; }

    /// <summary>Variables of macros within each other.</summary>
    public required int Variables { get; init; }

    /// <summary>Units of one evaluation.</summary>
    public required int Cost { get; init; }
}
