namespace Waggle.Cel;

/// <summary>A piece of a compiled expression. Immutable; several threads may evaluate it.</summary>
/// <typeparam name="T">What the expression is evaluated on.</typeparam>
public abstract class CelNode<T>
    where T : allows ref struct
{
    /// <summary>Operations in it: what one round of an iteration is charged.</summary>
    public virtual int Size => 1;

    /// <summary>A node that gets a field of this one's value in a shorter way than by this value, or null.</summary>
    /// <param name="name">Name of the field.</param>
    /// <param name="test">Whether the field is set, instead of its value.</param>
    public virtual CelNode<T>? Field(string name, bool test) => null;

    /// <summary>The value. It may throw nothing: an error is a value as well.</summary>
    public abstract CelValue Eval(ref CelFrame<T> frame);
}

internal sealed class CelConstantNode<T>(CelValue value) : CelNode<T>
    where T : allows ref struct
{
    public CelValue Value => value;

    public override CelValue Eval(ref CelFrame<T> frame) => value;
}

internal sealed class CelVariableNode<T>(int slot) : CelNode<T>
    where T : allows ref struct
{
    public override CelValue Eval(ref CelFrame<T> frame) => frame.Variables[slot];
}

internal delegate CelValue CelUnaryFunction(ref CelBudget budget, in CelValue value);

internal delegate CelValue CelBinaryFunction(ref CelBudget budget, in CelValue a, in CelValue b);

internal sealed class CelUnaryNode<T>(CelUnaryFunction function, CelNode<T> operand) : CelNode<T>
    where T : allows ref struct
{
    public override int Size => 1 + operand.Size;

    public override CelValue Eval(ref CelFrame<T> frame)
    {
        var value = operand.Eval(ref frame);
        return value.IsError ? value : function(ref frame.Budget, value);
    }
}

internal sealed class CelBinaryNode<T>(CelBinaryFunction function, CelNode<T> left, CelNode<T> right) : CelNode<T>
    where T : allows ref struct
{
    public override int Size => 1 + left.Size + right.Size;

    public override CelValue Eval(ref CelFrame<T> frame)
    {
        var a = left.Eval(ref frame);
        if (a.IsError)
        {
            return a;
        }

        var b = right.Eval(ref frame);
        return b.IsError ? b : function(ref frame.Budget, a, b);
    }
}

/// <summary>Equality, with the answer for two values of one simple kind at once.</summary>
internal sealed class CelEqualNode<T>(CelNode<T> left, CelNode<T> right, bool negated) : CelNode<T>
    where T : allows ref struct
{
    public override int Size => 1 + left.Size + right.Size;

    public override CelValue Eval(ref CelFrame<T> frame)
    {
        var (a, b) = (left.Eval(ref frame), right.Eval(ref frame));
        CelValue equal;
        if (a.Kind == b.Kind && a.Kind is CelKind.Bool or CelKind.Int or CelKind.Uint)
        {
            equal = CelValue.Of(a.Int == b.Int);
        }
        else
        {
            equal = CelEquality.Of(ref frame.Budget, a, b);
        }

        return !negated || equal.IsError ? equal : CelValue.Of(!equal.IsTrue);
    }
}

internal sealed class CelConditionalNode<T>(CelNode<T> condition, CelNode<T> yes, CelNode<T> no) : CelNode<T>
    where T : allows ref struct
{
    public override int Size => 1 + condition.Size + yes.Size + no.Size;

    public override CelValue Eval(ref CelFrame<T> frame)
    {
        var value = condition.Eval(ref frame);
        return value.Kind == CelKind.Bool ? (value.IsTrue ? yes : no).Eval(ref frame) : value.IsError ? value : CelValue.NoOverload;
    }
}

/// <summary>
/// "&amp;&amp;" and "||": the operand that decides does so wherever it stands; an error counts only when no operand decides.
/// </summary>
internal sealed class CelLogicalNode<T>(bool and, CelNode<T>[] operands) : CelNode<T>
    where T : allows ref struct
{
    public override int Size => 1 + operands.Sum(o => o.Size);

    public override CelValue Eval(ref CelFrame<T> frame)
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

/// <summary>A call; which form of the function is meant, the values tell where the types did not.</summary>
internal sealed class CelCallNode<T>(CelFunction[] forms, CelNode<T>[] arguments) : CelNode<T>
    where T : allows ref struct
{
    public override int Size => 1 + arguments.Sum(a => a.Size);

    public override CelValue Eval(ref CelFrame<T> frame)
    {
        CelValue x = arguments[0].Eval(ref frame), y = default, z = default;
        if (x.IsError)
        {
            return x;
        }

        if (arguments.Length > 1 && (y = arguments[1].Eval(ref frame)).IsError)
        {
            return y;
        }

        if (arguments.Length > 2 && (z = arguments[2].Eval(ref frame)).IsError)
        {
            return z;
        }

        foreach (var form in forms)
        {
            if (form.Takes(x, y, z))
            {
                return form.Body(ref frame.Budget, x, y, z);
            }
        }

        return CelValue.NoOverload;
    }
}
