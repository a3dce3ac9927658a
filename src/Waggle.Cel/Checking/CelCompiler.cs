namespace Waggle.Cel;

/// <summary>
/// Checks the types of an expression and makes it into nodes in one pass. What is wrong whatever the input looks like is told here, with
/// its place; what depends on the input is an error of the evaluation.
/// </summary>
internal sealed partial class CelCompiler<T>(string text, CelEnvironment<T> environment)
    where T : allows ref struct
{
    private readonly CelEnvironment<T> _environment = environment;
    private readonly List<(string Name, CelType Type)> _scopes = [];
    private readonly HashSet<string> _variables = [];
    private int _slots;

    /// <summary>A type and how to get the value.</summary>
    private readonly record struct Typed(CelType Type, CelNode<T> Node);

    /// <exception cref="CelException">The expression cannot be used.</exception>
    public CelProgram<T> Compile()
    {
        var limits = _environment.Limits;
        var (type, node) = Visit(CelParser.Parse(text, limits));
        return new(type, node, _slots, limits.Cost, _variables);
    }

    private Typed Visit(CelExpr expression) => expression switch
    {
        CelLiteral literal => new(literal.Type, new CelConstantNode<T>(literal.Value)),
        CelName or CelSelect => Path(expression),
        CelIndex index => Index(index),
        CelCall call => Call(call),
        CelUnary unary => Unary(unary),
        CelBinary binary => Binary(binary),
        CelLogical logical => Logical(logical),
        CelConditional conditional => Conditional(conditional),
        CelListExpr list => List(list),
        CelMapExpr map => Map(map),
        _ => throw Fail(expression.At, "not understood"),
    };

    /// <summary>A variable with its fields, or the dotted name of a constant.</summary>
    private Typed Path(CelExpr expression)
    {
        var dotted = Dotted(expression, out var root);
        if (root is null || IsVariable(root))
        {
            return expression is CelSelect select ? Select(select, test: false) : Name((CelName)expression);
        }

        if (_environment.Constant(dotted!) is { } constant)
        {
            return new(constant.Type, new CelConstantNode<T>(constant.Value));
        }

        throw _environment.WhyNoConstant(dotted!) is { } why ? Fail(expression.At, why)
            : Fail(root.At, $"unknown name \"{dotted}\"; {_environment.Subject} is called {_environment.SubjectName}{Near(dotted!, [.. _scopes.Select(s => s.Name), .. _environment.Names])}");
    }

    private bool IsVariable(CelName name) => (!name.Absolute && _scopes.Exists(s => s.Name == name.Name)) || _environment.Variable(name.Name) is not null;

    private static string? Dotted(CelExpr expression, out CelName? root)
    {
        root = expression as CelName;
        if (root is not null)
        {
            return root.Name;
        }

        return expression is CelSelect select && Dotted(select.Operand, out root) is { } before ? $"{before}.{select.Field}" : null;
    }

    private Typed Name(CelName name)
    {
        var slot = name.Absolute ? -1 : _scopes.FindLastIndex(s => s.Name == name.Name);
        if (slot >= 0)
        {
            return new(_scopes[slot].Type, new CelVariableNode<T>(slot));
        }

        _variables.Add(name.Name);
        var (type, node) = _environment.Variable(name.Name)!.Value;
        return new(type, node);
    }

    private Typed Select(CelSelect select, bool test)
    {
        var (of, operand) = Visit(select.Operand);
        switch (of.Kind)
        {
            case CelKind.Object when !of.Nullable:
                var field = of.Object!.Find(select.Field) ?? throw Fail(select.At, $"{of} has no field \"{select.Field}\"{Near(select.Field, of.Object.Fields)}");
                return new(test ? CelType.Bool : field.Type, operand.Field(select.Field, test) ?? new CelFieldNode<T>(operand, field, test));
            case null:
            case CelKind.Map when of.Key!.Fits(CelType.String):
                return new(test ? CelType.Bool : of.Element ?? CelType.Dyn, new CelDynamicFieldNode<T>(operand, of.IsDyn ? _environment.FieldName(select.Field) : select.Field, test, _environment));
            default:
                throw Fail(select.At, $"a value of type {of} has no field \"{select.Field}\"");
        }
    }

    private Typed Index(CelIndex index)
    {
        var (operand, key) = (Visit(index.Operand), Visit(index.Key));
        var (wanted, result) = operand.Type.Kind switch
        {
            CelKind.List => (CelType.Int, operand.Type.Element!),
            CelKind.Map => (operand.Type.Key!, operand.Type.Element!),
            null => (CelType.Dyn, CelType.Dyn),
            _ => throw Fail(index.At, $"a value of type {operand.Type} has no elements"),
        };
        if (!key.Type.Fits(wanted) && !(operand.Type.Kind == CelKind.List && key.Type.Fits(CelType.Uint)))
        {
            throw Fail(index.Key.At, $"{operand.Type} is indexed by {wanted}, not {key.Type}");
        }

        return new(result, new CelBinaryNode<T>(CelIndexing.Of, operand.Node, key.Node));
    }

    private Typed List(CelListExpr list)
    {
        Typed[] elements = [.. list.Elements.Select(Visit)];
        var node = Array.TrueForAll(elements, e => e.Node is CelConstantNode<T>)
            ? (CelNode<T>)new CelConstantNode<T>(CelValue.OfList(Array.ConvertAll(elements, e => ((CelConstantNode<T>)e.Node).Value)))
            : new CelListNode<T>(Array.ConvertAll(elements, e => e.Node));
        return new(CelType.ListOf(Common(elements.Select(e => e.Type))), node);
    }

    private Typed Map(CelMapExpr map)
    {
        (Typed Key, Typed Value)[] entries = [.. map.Entries.Select(e => (Visit(e.Key), Visit(e.Value)))];
        for (var i = 0; i < entries.Length; i++)
        {
            if (!entries[i].Key.Type.IsDyn && (entries[i].Key.Type.Kind is not (CelKind.Bool or CelKind.Int or CelKind.Uint or CelKind.String) || entries[i].Key.Type.Nullable))
            {
                throw Fail(map.Entries[i].Key.At, $"a key of a map is a bool, int, uint or string, not {entries[i].Key.Type}");
            }
        }

        var node = new CelMapNode<T>(Array.ConvertAll(entries, e => (e.Key.Node, e.Value.Node)));
        return new(CelType.MapOf(Common(entries.Select(e => e.Key.Type)), Common(entries.Select(e => e.Value.Type))), node);
    }

    /// <summary>The type of all elements; "dyn" when they differ, or there are none.</summary>
    private static CelType Common(IEnumerable<CelType> types)
    {
        CelType? common = null;
        foreach (var type in types)
        {
            common = common is null ? type : CelType.Join(common, type) ?? CelType.Dyn;
        }

        return common ?? CelType.Dyn;
    }

    private CelException Fail(int at, string problem) => new(text, at, problem);

    private string Near(string name, IEnumerable<string> known) => _environment.Nearest(name, known) is { } near ? $"; did you mean \"{near}\"?" : "";
}
