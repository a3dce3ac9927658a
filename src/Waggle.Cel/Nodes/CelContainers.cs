namespace Waggle.Cel;

internal sealed class CelListNode<T>(CelNode<T>[] elements) : CelNode<T>
    where T : allows ref struct
{
    public override int Size => 1 + elements.Sum(e => e.Size);

    public override CelValue Eval(ref CelFrame<T> frame)
    {
        if (!frame.Budget.Charge(elements.Length))
        {
            return CelBudget.Exhausted;
        }

        var values = new CelValue[elements.Length];
        for (var i = 0; i < values.Length; i++)
        {
            values[i] = elements[i].Eval(ref frame);
            if (values[i].IsError)
            {
                return values[i];
            }
        }

        return CelValue.OfList(values);
    }
}

internal sealed class CelMapNode<T>((CelNode<T> Key, CelNode<T> Value)[] entries) : CelNode<T>
    where T : allows ref struct
{
    public override int Size => 1 + entries.Sum(e => e.Key.Size + e.Value.Size);

    public override CelValue Eval(ref CelFrame<T> frame)
    {
        if (!frame.Budget.Charge(entries.Length * 4))
        {
            return CelBudget.Exhausted;
        }

        var map = new CelLiteralMap();
        foreach (var (key, value) in entries)
        {
            var (k, v) = (key.Eval(ref frame), value.Eval(ref frame));
            if (k.IsError || v.IsError)
            {
                return k.IsError ? k : v;
            }

            if (!CelMap.IsKey(k))
            {
                return CelValue.Error("unsupported key type");
            }

            if (!CelEquality.ChargeText(ref frame.Budget, k))
            {
                return CelBudget.Exhausted;
            }

            if (!map.TryAdd(k, v))
            {
                return CelValue.Error("the map has a key twice");
            }
        }

        return CelValue.Of(map);
    }
}

/// <summary>"x in [constants]".</summary>
internal sealed class CelInConstantsNode<T>(CelNode<T> element, CelLiteralMap constants) : CelNode<T>
    where T : allows ref struct
{
    public override int Size => 1 + element.Size;

    public override CelValue Eval(ref CelFrame<T> frame)
    {
        var value = element.Eval(ref frame);
        return value.IsError ? value
            : !CelEquality.ChargeText(ref frame.Budget, value) ? CelBudget.Exhausted
            : CelValue.Of((CelMap.IsKey(value) || value.Kind == CelKind.Double) && constants.TryGet(value, out _));
    }
}

/// <summary>A field of an object whose type is known.</summary>
internal sealed class CelFieldNode<T>(CelNode<T> operand, CelField field, bool test) : CelNode<T>
    where T : allows ref struct
{
    public override int Size => 1 + operand.Size;

    public override CelValue Eval(ref CelFrame<T> frame)
    {
        var value = operand.Eval(ref frame);
        return value.Kind != CelKind.Object ? (value.IsError ? value : CelValue.NoOverload)
            : test ? CelValue.Of(field.Has(value.Reference!)) : field.Get(value.Reference!);
    }
}

/// <summary>A name after a dot where only the value tells what it is.</summary>
internal sealed class CelDynamicFieldNode<T>(CelNode<T> operand, string name, bool test, CelEnvironment<T> environment) : CelNode<T>
    where T : allows ref struct
{
    private readonly CelValue _key = CelValue.Of(name);
    private readonly CelValue _missing = CelValue.Error($"no such key: {name}");
    private readonly CelValue _unknown = CelValue.Error($"no such field: {name}");

    public override int Size => 1 + operand.Size;

    public override CelValue Eval(ref CelFrame<T> frame)
    {
        var value = operand.Eval(ref frame);
        if (value.Kind == CelKind.Map)
        {
            if (!CelEquality.ChargeText(ref frame.Budget, _key))
            {
                return CelBudget.Exhausted;
            }

            return test ? CelValue.Of(value.Map.Has(_key)) : value.Map.TryGet(_key, out var entry) ? entry : _missing;
        }

        if (value.Kind != CelKind.Object)
        {
            return value.IsError ? value : CelValue.NoOverload;
        }

        return environment.TypeOf(value.Reference!)?.Find(name) is not { } field ? _unknown
            : test ? CelValue.Of(field.Has(value.Reference!)) : field.Get(value.Reference!);
    }
}

/// <summary>"operand[key]".</summary>
internal static class CelIndexing
{
    private static readonly CelValue OutOfRange = CelValue.Error("index out of range");
    private static readonly CelValue NoKey = CelValue.Error("no such key");

    public static CelValue Of(ref CelBudget budget, in CelValue container, in CelValue key)
    {
        if (container.Kind == CelKind.Map)
        {
            return !CelMap.IsKey(key) && key.Kind != CelKind.Double ? CelValue.NoOverload
                : !CelEquality.ChargeText(ref budget, key) ? CelBudget.Exhausted
                : container.Map.TryGet(key, out var entry) ? entry : NoKey;
        }

        if (container.Kind != CelKind.List || !key.IsNumber)
        {
            return CelValue.NoOverload;
        }

        var index = key.Kind switch
        {
            CelKind.Int => key.Int,
            CelKind.Uint => key.Uint > int.MaxValue ? -1 : key.Int,
            _ => key.Double is >= 0 and < int.MaxValue && double.IsInteger(key.Double) ? (long)key.Double : -1,
        };
        return index < 0 || index >= CelLists.Count(container) ? OutOfRange : CelLists.At(container, (int)index);
    }
}
