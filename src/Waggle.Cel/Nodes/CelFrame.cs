using System.Runtime.CompilerServices;

namespace Waggle.Cel;

/// <summary>One evaluation: what is asked about, the variables of macros, and what it may still cost.</summary>
/// <typeparam name="T">What is asked about; only nodes of an environment look at it.</typeparam>
public ref struct CelFrame<T>
    where T : allows ref struct
{
    /// <summary>What is asked about.</summary>
    public T Input;

    /// <summary>What the rest of the evaluation may cost.</summary>
    public CelBudget Budget;

    internal Span<CelValue> Variables;
}

/// <summary>Room for the variables of macros within each other, on the stack of the evaluation.</summary>
[InlineArray(Length)]
internal struct CelVariables
{
    public const int Length = 4;

    private CelValue _first;
}
