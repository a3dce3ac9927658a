namespace Waggle.Lab.ApiServer;

/// <summary>A fault in a CEL expression: where it does not parse, or why it cannot be evaluated on some value.</summary>
internal sealed class CelException(string message) : Exception(message);

/// <summary>A parsed expression of the Common Expression Language, as far as validation rules of CRDs use it.</summary>
/// <remarks>
/// Values are: null, bool, long, double, string, byte-free lists (<see cref="IReadOnlyList{T}"/>), maps (<see cref="IReadOnlyDictionary{TKey,TValue}"/>),
/// <see cref="TimeSpan"/> and <see cref="DateTimeOffset"/>. Types are checked when evaluated, not before.
/// </remarks>
internal sealed class CelExpression
{
    private readonly CelNode _root;

    private CelExpression(CelNode root, bool usesOldSelf)
    {
        _root = root;
        UsesOldSelf = usesOldSelf;
    }

    /// <summary>A transition rule: it is evaluated on updates only.</summary>
    public bool UsesOldSelf { get; }

    /// <exception cref="CelException">The text is no expression.</exception>
    public static CelExpression Parse(string text)
    {
        if (text.Length > 16 * 1024)
        {
            throw new CelException("the expression is too long");
        }
        var tokens = CelLexer.Read(text);
        return new CelExpression(new CelParser(tokens).Parse(), tokens.Any(t => t.Kind == CelTokenKind.Name && t.Text == "oldSelf"));
    }

    /// <exception cref="CelException">It cannot be evaluated on these values, or takes too many steps.</exception>
    public object? Evaluate(IReadOnlyDictionary<string, object?> variables) => _root.Evaluate(new CelScope(variables));
}

/// <summary>The variables that are visible, and how many steps are left.</summary>
internal sealed class CelScope
{
    private readonly CelScope? _outer;
    private readonly IReadOnlyDictionary<string, object?>? _variables;
    private readonly string _name = "";
    private readonly object? _value;
    private readonly Budget _budget;

    public CelScope(IReadOnlyDictionary<string, object?> variables)
    {
        _variables = variables;
        _budget = new Budget();
    }

    private CelScope(CelScope outer, string name, object? value)
    {
        (_outer, _name, _value, _budget) = (outer, name, value, outer._budget);
    }

    public CelScope With(string name, object? value) => new(this, name, value);

    public object? Get(string name)
    {
        for (var scope = this; scope is not null; scope = scope._outer)
        {
            if (scope._variables is null ? scope._name == name : scope._variables.ContainsKey(name))
            {
                return scope._variables is null ? scope._value : scope._variables[name];
            }
        }
        throw new CelException($"undeclared reference to '{name}'");
    }

    /// <exception cref="CelException">The rule is too expensive.</exception>
    public void Step()
    {
        if (--_budget.Left < 0)
        {
            throw new CelException("the rule takes too many steps on this object");
        }
    }

    private sealed class Budget
    {
        public int Left { get; set; } = 500_000;
    }
}
