using Waggle.Hosting.Config;
using Waggle.Hubble.Protocol.Flows;

namespace Waggle.Hubble.Cel;

/// <summary>
/// Checks the types of an expression and makes it into nodes in one pass. What is wrong whatever the flow looks like is told here, with
/// its place; what depends on the flow is an error of the evaluation, and the flow does not match.
/// </summary>
internal sealed partial class CelCompiler
{
    /// <summary>Name of the only variable.</summary>
    public const string Variable = "_flow";

    private readonly string _text;
    private readonly bool _shortcuts;
    private readonly List<(string Name, CelType Type)> _scopes = [];

    private CelCompiler(string text, bool shortcuts) => (_text, _shortcuts) = (text, shortcuts);

    /// <summary>A type and how to get the value.</summary>
    private readonly record struct Typed(CelType Type, CelNode Node);

    /// <param name="shortcuts">Read known fields from the record; else always from the message.</param>
    /// <exception cref="CelException">The expression cannot be used.</exception>
    public static (CelType Type, CelNode Node) Compile(string text, bool shortcuts)
    {
        var result = new CelCompiler(text, shortcuts).Visit(CelParser.Parse(text));
        return (result.Type, result.Node);
    }

    private Typed Visit(CelExpr expression) => expression switch
    {
        CelLiteral literal => new(literal.Type, new CelConstantNode(literal.Value)),
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
        if (root is null || (!root.Absolute && _scopes.Exists(s => s.Name == root.Name)) || root.Name == Variable)
        {
            return expression is CelSelect select ? Select(select, test: false) : Name((CelName)expression);
        }

        if (dotted is not null && CelNames.Find(expression.At, dotted) is { } constant)
        {
            return Visit(constant);
        }

        // "Tunnel.Protocol.VXLAN.x" is nonsense; "Verdict.FORWARD" has a near value.
        var dot = dotted!.LastIndexOf('.');
        if (dot > 0 && CelNames.Enum(dotted[..dot]) is { } known)
        {
            var value = dotted[(dot + 1)..];
            throw Fail(expression.At, $"enum {known.FullName} has no value \"{value}\"{Near(value, known.Values.Select(v => v.Name))}");
        }

        throw Fail(root.At, $"unknown name \"{dotted}\"; the flow is called {Variable}{Near(dotted, [Variable, .. _scopes.Select(s => s.Name), .. CelNames.EnumNames, .. Flow.Descriptor.Fields.InDeclarationOrder().Select(f => $"{Variable}.{f.Name}")])}");
    }

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
        return slot >= 0 ? new(_scopes[slot].Type, new CelVariableNode(slot)) : new(CelType.Message(Flow.Descriptor), new FlowPathNode(_shortcuts));
    }

    private Typed Select(CelSelect select, bool test)
    {
        var operand = Visit(select.Operand);
        switch (operand.Type.Kind)
        {
            case CelKind.Message when !operand.Type.Nullable:
                var message = operand.Type.Descriptor!;
                if (message.FullName == "google.protobuf.Any")
                {
                    throw Fail(select.At, "an Any cannot be looked into");
                }

                var field = message.FindFieldByName(select.Field)
                    ?? throw Fail(select.At, $"{message.FullName} has no field \"{select.Field}\"{Near(select.Field, message.Fields.InDeclarationOrder().Select(f => f.Name))}");
                var type = test ? CelType.Bool : CelFields.TypeOf(field);
                return operand.Node is FlowPathNode { CanGrow: true } path
                    ? new(type, path.Field(field, test))
                    : new(type, new CelFieldNode(operand.Node, field, test));
            case CelKind.Map when operand.Type.Key!.Fits(CelType.String):
                return new(test ? CelType.Bool : operand.Type.Element!, new CelDynamicFieldNode(operand.Node, select.Field, test));
            case null:
                return new(test ? CelType.Bool : CelType.Dyn, new CelDynamicFieldNode(operand.Node, select.Field, test));
            default:
                throw Fail(select.At, $"a value of type {operand.Type} has no field \"{select.Field}\"");
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

        return new(result, new CelBinaryNode(CelIndexing.Of, operand.Node, key.Node));
    }

    private Typed List(CelListExpr list)
    {
        Typed[] elements = [.. list.Elements.Select(Visit)];
        var node = Array.TrueForAll(elements, e => e.Node is CelConstantNode)
            ? (CelNode)new CelConstantNode(CelValue.OfList(Array.ConvertAll(elements, e => ((CelConstantNode)e.Node).Value)))
            : new CelListNode(Array.ConvertAll(elements, e => e.Node));
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

        var node = new CelMapNode(Array.ConvertAll(entries, e => (e.Key.Node, e.Value.Node)));
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

    private CelException Fail(int at, string problem) => new(_text, at, problem);

    private static string Near(string name, IEnumerable<string> known) => NearestName.Find(name, known) is { } near ? $"; did you mean \"{near}\"?" : "";
}
