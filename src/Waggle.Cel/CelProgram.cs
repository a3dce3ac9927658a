using System.Runtime.CompilerServices;

namespace Waggle.Cel;

/// <summary>
/// A checked and compiled expression of the Common Expression Language (github.com/google/cel-spec). Immutable; several threads may
/// evaluate it.
/// </summary>
/// <typeparam name="T">What it is evaluated on.</typeparam>
public sealed class CelProgram<T>
    where T : allows ref struct
{
    private readonly CelNode<T> _root;
    private readonly int _slots;
    private readonly int _cost;
    private readonly IReadOnlySet<string> _variables;

    internal CelProgram(CelType type, CelNode<T> root, int slots, int cost, IReadOnlySet<string> variables) =>
        (Type, _root, _slots, _cost, _variables) = (type, root, slots, cost, variables);

    /// <summary>What is known of the result.</summary>
    public CelType Type { get; }

    /// <exception cref="CelException">What is wrong, and where.</exception>
    public static CelProgram<T> Compile(string text, CelEnvironment<T> environment) => new CelCompiler<T>(text, environment).Compile();

    /// <summary>Whether the expression speaks of this variable of its environment.</summary>
    public bool Uses(string variable) => _variables.Contains(variable);

    /// <summary>The result, or an error as a value: nothing is thrown.</summary>
    public CelValue Evaluate(T input)
    {
        var budget = new CelBudget(_cost);
        return Start(input, ref budget);
    }

    /// <summary>The same within a budget that several evaluations share; the expression as such is charged as well.</summary>
    public CelValue Evaluate(T input, ref CelBudget budget) => budget.Charge(_root.Size) ? Start(input, ref budget) : CelBudget.Exhausted;

    private CelValue Start(T input, ref CelBudget budget) => _slots == 0 ? Run(input, ref budget, []) : RunWithVariables(input, ref budget);

    // Apart, so that an expression without macros does not pay for clearing the room.
    [MethodImpl(MethodImplOptions.NoInlining)]
    private CelValue RunWithVariables(T input, ref CelBudget budget)
    {
        CelVariables room = default;
        return Run(input, ref budget, _slots <= CelVariables.Length ? room : new CelValue[_slots]);
    }

    private CelValue Run(T input, ref CelBudget budget, Span<CelValue> variables)
    {
        var frame = new CelFrame<T> { Input = input, Budget = budget, Variables = variables };
        var result = _root.Eval(ref frame);
        budget = frame.Budget;
        return result;
    }
}
