namespace Waggle.Cel;

/// <summary>What all macros over a list or the keys of a map share: one round at a time, each charged.</summary>
internal abstract class CelMacroNode<T>(CelNode<T> range, int slot, params CelNode<T>[] bodies) : CelNode<T>
    where T : allows ref struct
{
    private readonly int _round = 1 + bodies.Sum(b => b.Size);

    public override int Size => 1 + range.Size + bodies.Sum(b => b.Size);

    public override CelValue Eval(ref CelFrame<T> frame)
    {
        var over = range.Eval(ref frame);
        object? keys = over.Kind switch
        {
            CelKind.List => over.Reference,
            CelKind.Map when frame.Budget.Charge(over.Map.Count) => over.Map.Keys,
            _ => null,
        };
        if (keys is null)
        {
            return over.IsError ? over : frame.Budget.IsExhausted ? CelBudget.Exhausted : CelValue.NoOverload;
        }

        var list = CelValue.OfList(keys);
        var count = CelLists.Count(list);
        var state = Begin(count);
        for (var i = 0; i < count; i++)
        {
            if (!frame.Budget.Charge(_round))
            {
                return CelBudget.Exhausted;
            }

            frame.Variables[slot] = CelLists.At(list, i);
            if (!Round(ref frame, frame.Variables[slot], ref state))
            {
                break;
            }
        }

        return frame.Budget.IsExhausted ? CelBudget.Exhausted : state.Result;
    }

    /// <summary>The state before the first round.</summary>
    protected abstract State Begin(int count);

    /// <summary>One round; false: the result is known.</summary>
    protected abstract bool Round(ref CelFrame<T> frame, in CelValue element, ref State state);

    protected struct State
    {
        public CelValue Value;
        public List<CelValue>? Made;
        public int Count;

        public readonly CelValue Result => Value.IsError || Made is null ? Value : CelValue.OfList(Made.ToArray());
    }
}

/// <summary>all and exists: a conjunction or disjunction of all rounds, with its handling of errors.</summary>
internal sealed class CelQuantifierNode<T>(bool all, CelNode<T> range, int slot, CelNode<T> predicate) : CelMacroNode<T>(range, slot, predicate)
    where T : allows ref struct
{
    protected override State Begin(int count) => new() { Value = CelValue.Of(all) };

    protected override bool Round(ref CelFrame<T> frame, in CelValue element, ref State state)
    {
        var value = predicate.Eval(ref frame);
        if (all ? value.IsFalse : value.IsTrue)
        {
            state.Value = value;
            return false;
        }

        if (value.Kind != CelKind.Bool && !state.Value.IsError)
        {
            state.Value = value.IsError ? value : CelValue.NoOverload;
        }

        return true;
    }
}

/// <summary>exists_one: any error is the result.</summary>
internal sealed class CelExistsOneNode<T>(CelNode<T> range, int slot, CelNode<T> predicate) : CelMacroNode<T>(range, slot, predicate)
    where T : allows ref struct
{
    protected override State Begin(int count) => new() { Value = CelValue.False };

    protected override bool Round(ref CelFrame<T> frame, in CelValue element, ref State state)
    {
        var value = predicate.Eval(ref frame);
        if (value.Kind != CelKind.Bool)
        {
            state.Value = value.IsError ? value : CelValue.NoOverload;
            return false;
        }

        state.Count += value.IsTrue ? 1 : 0;
        state.Value = CelValue.Of(state.Count == 1);
        return true;
    }
}

/// <summary>filter, and map with or without a predicate.</summary>
internal sealed class CelTransformNode<T>(CelNode<T> range, int slot, CelNode<T>? predicate, CelNode<T>? transform)
    : CelMacroNode<T>(range, slot, [.. new[] { predicate, transform }.OfType<CelNode<T>>()])
    where T : allows ref struct
{
    protected override State Begin(int count) => new() { Value = CelValue.Null, Made = new List<CelValue>(transform is null ? 0 : Math.Min(count, 64)) };

    protected override bool Round(ref CelFrame<T> frame, in CelValue element, ref State state)
    {
        if (predicate is not null)
        {
            var wanted = predicate.Eval(ref frame);
            if (wanted.Kind != CelKind.Bool)
            {
                state.Value = wanted.IsError ? wanted : CelValue.NoOverload;
                return false;
            }

            if (wanted.IsFalse)
            {
                return true;
            }
        }

        // A copy: inner macros of the transformation use other slots, and the element is a value.
        var made = transform is null ? element : transform.Eval(ref frame);
        if (made.IsError)
        {
            state.Value = made;
            return false;
        }

        state.Made!.Add(made);
        return true;
    }
}
