namespace Waggle.Cel;

/// <summary>Operators.</summary>
internal sealed partial class CelCompiler<T>
{
    private Typed Unary(CelUnary unary)
    {
        var operand = Visit(unary.Operand);
        if (unary.Operator == "!")
        {
            Bool(unary.Operand, operand);
            return new(CelType.Bool, new CelUnaryNode<T>(static (ref _, in v) => v.Kind == CelKind.Bool ? CelValue.Of(!v.IsTrue) : CelValue.NoOverload, operand.Node));
        }

        return operand.Type.Kind is null or CelKind.Int or CelKind.Double or CelKind.Duration
            ? new(operand.Type with { Nullable = false }, new CelUnaryNode<T>(static (ref _, in v) => CelMath.Negate(v), operand.Node))
            : throw Fail(unary.At, $"-{operand.Type} is not defined");
    }

    private Typed Logical(CelLogical logical)
    {
        var nodes = new CelNode<T>[logical.Operands.Count];
        for (var i = 0; i < nodes.Length; i++)
        {
            var operand = Visit(logical.Operands[i]);
            Bool(logical.Operands[i], operand);
            nodes[i] = operand.Node;
        }

        return new(CelType.Bool, new CelLogicalNode<T>(logical.And, nodes));
    }

    private Typed Conditional(CelConditional conditional)
    {
        var condition = Visit(conditional.Condition);
        Bool(conditional.Condition, condition);
        var (yes, no) = (Visit(conditional.Yes), Visit(conditional.No));
        var type = CelType.Join(yes.Type, no.Type) ?? throw Fail(conditional.At, $"the two results have different types: {yes.Type} and {no.Type}");
        return new(type, new CelConditionalNode<T>(condition.Node, yes.Node, no.Node));
    }

    private Typed Binary(CelBinary binary)
    {
        var (left, right) = (Visit(binary.Left), Visit(binary.Right));
        var (a, b) = (left.Type, right.Type);
        switch (binary.Operator)
        {
            case "==" or "!=":
                return CelType.Join(a, b) is not null
                    ? new(CelType.Bool, new CelEqualNode<T>(left.Node, right.Node, binary.Operator == "!="))
                    : throw NotDefined(binary, a, b);
            case "in":
                return In(binary, left, right);
            case "<" or "<=" or ">" or ">=":
                return Ordered(a) && Ordered(b) && (CelType.Join(a, b) is not null || (Numeric(a) && Numeric(b)))
                    ? new(CelType.Bool, new CelBinaryNode<T>(Order(binary.Operator), left.Node, right.Node))
                    : throw NotDefined(binary, a, b);
            default:
                var result = Result(binary.Operator, a with { Nullable = false }, b with { Nullable = false }) ?? throw NotDefined(binary, a, b);
                return new(result, new CelBinaryNode<T>(Arithmetic(binary.Operator), left.Node, right.Node));
        }
    }

    private Typed In(CelBinary binary, Typed element, Typed container)
    {
        var inside = container.Type.Kind switch
        {
            null => CelType.Dyn,
            CelKind.List => container.Type.Element!,
            CelKind.Map => container.Type.Key!,
            _ => throw Fail(binary.At, $"\"in\" looks into a list or a map, not {container.Type}"),
        };
        if (CelType.Join(element.Type, inside) is null)
        {
            throw Fail(binary.At, $"{element.Type} in {container.Type} is never true{Hint(binary, element.Type, inside)}");
        }

        if (container.Node is CelConstantNode<T> { Value.Reference: CelValue[] constants } && Array.TrueForAll(constants, c => CelMap.IsKey(c)))
        {
            var set = new CelLiteralMap();
            foreach (var constant in constants)
            {
                set.TryAdd(constant, constant);
            }

            return new(CelType.Bool, new CelInConstantsNode<T>(element.Node, set));
        }

        return new(CelType.Bool, new CelBinaryNode<T>(CelEquality.In, element.Node, container.Node));
    }

    private static CelType? Result(string symbol, CelType a, CelType b)
    {
        if (a.IsDyn || b.IsDyn)
        {
            // What is known of one side narrows the result, except where times mix.
            var known = a.IsDyn ? b : a;
            return known.Kind is CelKind.Bool or CelKind.Null or CelKind.Object or CelKind.Map or CelKind.Type ? null
                : known.Kind is CelKind.Int or CelKind.Uint or CelKind.Double || (symbol == "+" && known.Kind is CelKind.String or CelKind.Bytes) ? known
                : CelType.Dyn;
        }

        return (symbol, a.Kind, b.Kind) switch
        {
            ("%", CelKind.Double, _) => null,
            (_, CelKind.Int, CelKind.Int) or (_, CelKind.Uint, CelKind.Uint) or (_, CelKind.Double, CelKind.Double) => a,
            ("+", CelKind.String, CelKind.String) or ("+", CelKind.Bytes, CelKind.Bytes) => a,
            ("+", CelKind.List, CelKind.List) => CelType.Join(a, b) ?? CelType.ListOf(CelType.Dyn),
            ("+" or "-", CelKind.Duration, CelKind.Duration) => CelType.Duration,
            ("+" or "-", CelKind.Timestamp, CelKind.Duration) or ("+", CelKind.Duration, CelKind.Timestamp) => CelType.Timestamp,
            ("-", CelKind.Timestamp, CelKind.Timestamp) => CelType.Duration,
            _ => null,
        };
    }

    private static bool Ordered(CelType type) => Numeric(type) || type.Kind is CelKind.Bool or CelKind.String or CelKind.Bytes or CelKind.Timestamp or CelKind.Duration;

    private static bool Numeric(CelType type) => type.Kind is null or CelKind.Int or CelKind.Uint or CelKind.Double;

    private static CelBinaryFunction Order(string symbol) => (ref budget, in a, in b) => CelOrder.Of(ref budget, symbol, a, b);

    private static CelBinaryFunction Arithmetic(string symbol) => (ref budget, in a, in b) => CelMath.Of(ref budget, symbol, a, b);

    private void Bool(CelExpr expression, Typed operand)
    {
        if (!operand.Type.Fits(CelType.Bool))
        {
            throw Fail(expression.At, $"true or false is needed here, not {operand.Type}");
        }
    }

    private CelException NotDefined(CelBinary binary, CelType a, CelType b) => Fail(binary.At, $"{a} {binary.Operator} {b} is not defined{Hint(binary, a, b)}");

    /// <summary>Many numbers are uints, and everybody writes them without the u first.</summary>
    private string Hint(CelBinary binary, CelType a, CelType b) => (a.Kind, b.Kind) switch
    {
        (CelKind.Uint, CelKind.Int) when binary.Right is CelLiteral literal => $"; write {literal.Value.Int}u for a uint",
        (CelKind.Int, CelKind.Uint) when binary.Left is CelLiteral literal => $"; write {literal.Value.Int}u for a uint",
        (CelKind.Uint, CelKind.Int) or (CelKind.Int, CelKind.Uint) => "; convert one with int() or uint()",
        _ => _environment.Hint(a, b),
    };
}
