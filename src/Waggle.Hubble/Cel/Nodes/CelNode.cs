namespace Waggle.Hubble.Cel;

/// <summary>A piece of a compiled expression. Immutable; several threads may evaluate it.</summary>
internal abstract class CelNode
{
    /// <summary>Operations in it: what one round of an iteration is charged.</summary>
    public virtual int Size => 1;

    public abstract CelValue Eval(ref CelFrame frame);
}

internal sealed class CelConstantNode(CelValue value) : CelNode
{
    public CelValue Value => value;

    public override CelValue Eval(ref CelFrame frame) => value;
}

internal sealed class CelVariableNode(int slot) : CelNode
{
    public override CelValue Eval(ref CelFrame frame) => frame.Variables[slot];
}

internal delegate CelValue CelUnaryFunction(ref CelFrame frame, in CelValue value);

internal delegate CelValue CelBinaryFunction(ref CelFrame frame, in CelValue a, in CelValue b);

internal sealed class CelUnaryNode(CelUnaryFunction function, CelNode operand) : CelNode
{
    public override int Size => 1 + operand.Size;

    public override CelValue Eval(ref CelFrame frame)
    {
        var value = operand.Eval(ref frame);
        return value.IsError ? value : function(ref frame, value);
    }
}

internal sealed class CelBinaryNode(CelBinaryFunction function, CelNode left, CelNode right) : CelNode
{
    public override int Size => 1 + left.Size + right.Size;

    public override CelValue Eval(ref CelFrame frame)
    {
        var a = left.Eval(ref frame);
        if (a.IsError)
        {
            return a;
        }

        var b = right.Eval(ref frame);
        return b.IsError ? b : function(ref frame, a, b);
    }
}

/// <summary>Equality, with the answer for two values of one simple kind at once.</summary>
internal sealed class CelEqualNode(CelNode left, CelNode right, bool negated) : CelNode
{
    public override int Size => 1 + left.Size + right.Size;

    public override CelValue Eval(ref CelFrame frame)
    {
        var (a, b) = (left.Eval(ref frame), right.Eval(ref frame));
        CelValue equal;
        if (a.Kind == b.Kind && a.Kind is CelKind.Bool or CelKind.Int or CelKind.Uint)
        {
            equal = CelValue.Of(a.Int == b.Int);
        }
        else
        {
            equal = CelEquality.Of(ref frame, a, b);
        }

        return !negated || equal.IsError ? equal : CelValue.Of(!equal.IsTrue);
    }
}

internal sealed class CelConditionalNode(CelNode condition, CelNode yes, CelNode no) : CelNode
{
    public override int Size => 1 + condition.Size + yes.Size + no.Size;

    public override CelValue Eval(ref CelFrame frame)
    {
        var value = condition.Eval(ref frame);
        return value.Kind == CelKind.Bool ? (value.IsTrue ? yes : no).Eval(ref frame) : value.IsError ? value : CelValue.NoOverload;
    }
}

/// <summary>
/// "&amp;&amp;" and "||": the operand that decides does so wherever it stands; an error counts only when no operand decides.
/// </summary>
internal sealed class CelLogicalNode(bool and, CelNode[] operands) : CelNode
{
    public override int Size => 1 + operands.Sum(o => o.Size);

    public override CelValue Eval(ref CelFrame frame)
    {
        var result = CelValue.Of(and);
        foreach (var operand in operands)
        {
            var value = operand.Eval(ref frame);
            if (and ? value.IsFalse : value.IsTrue)
            {
                return value;
            }

            if (value.Kind != CelKind.Bool && !result.IsError)
            {
                result = value.IsError ? value : CelValue.NoOverload;
            }
        }

        return result;
    }
}
