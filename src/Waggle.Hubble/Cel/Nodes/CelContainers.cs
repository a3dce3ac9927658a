using Google.Protobuf;
using Google.Protobuf.Reflection;

namespace Waggle.Hubble.Cel;

internal sealed class CelListNode(CelNode[] elements) : CelNode
{
    public override int Size => 1 + elements.Sum(e => e.Size);

    public override CelValue Eval(ref CelFrame frame)
    {
        if (!frame.Charge(elements.Length))
        {
            return CelFrame.Exhausted;
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

internal sealed class CelMapNode((CelNode Key, CelNode Value)[] entries) : CelNode
{
    public override int Size => 1 + entries.Sum(e => e.Key.Size + e.Value.Size);

    public override CelValue Eval(ref CelFrame frame)
    {
        if (!frame.Charge(entries.Length * 4))
        {
            return CelFrame.Exhausted;
        }

        var map = new CelMap();
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

            if (!map.TryAdd(k, v))
            {
                return CelValue.Error("the map has a key twice");
            }
        }

        return CelValue.Of(map);
    }
}

/// <summary>"x in [constants]".</summary>
internal sealed class CelInConstantsNode(CelNode element, CelMap constants) : CelNode
{
    public override int Size => 1 + element.Size;

    public override CelValue Eval(ref CelFrame frame)
    {
        var value = element.Eval(ref frame);
        return value.IsError ? value : CelEquality.In(ref frame, value, CelValue.Of(constants));
    }
}

/// <summary>A field of a message whose type is known.</summary>
internal sealed class CelFieldNode(CelNode operand, FieldDescriptor field, bool test) : CelNode
{
    public override int Size => 1 + operand.Size;

    public override CelValue Eval(ref CelFrame frame)
    {
        var value = operand.Eval(ref frame);
        return value.Kind != CelKind.Message ? (value.IsError ? value : CelValue.NoOverload)
            : test ? CelValue.Of(CelFields.Has((IMessage)value.Reference!, field)) : CelFields.Get((IMessage)value.Reference!, field);
    }
}

/// <summary>A name after a dot where only the value tells what it is.</summary>
internal sealed class CelDynamicFieldNode(CelNode operand, string name, bool test) : CelNode
{
    private readonly CelValue _missing = CelValue.Error($"no such key: {name}");
    private readonly CelValue _unknown = CelValue.Error($"no such field: {name}");

    public override int Size => 1 + operand.Size;

    public override CelValue Eval(ref CelFrame frame)
    {
        var value = operand.Eval(ref frame);
        if (value.Kind == CelKind.Map)
        {
            var there = ((CelMap)value.Reference!).TryGet(CelValue.Of(name), out var entry);
            return test ? CelValue.Of(there) : there ? entry : _missing;
        }

        if (value.Kind != CelKind.Message)
        {
            return value.IsError ? value : CelValue.NoOverload;
        }

        var message = (IMessage)value.Reference!;
        return message.Descriptor.FindFieldByName(name) is not { } field ? _unknown
            : test ? CelValue.Of(CelFields.Has(message, field)) : CelFields.Get(message, field);
    }
}

/// <summary>"operand[key]".</summary>
internal static class CelIndexing
{
    private static readonly CelValue OutOfRange = CelValue.Error("index out of range");
    private static readonly CelValue NoKey = CelValue.Error("no such key");

    public static CelValue Of(ref CelFrame frame, in CelValue container, in CelValue key)
    {
        if (container.Kind == CelKind.Map)
        {
            return !CelMap.IsKey(key) && key.Kind != CelKind.Double ? CelValue.NoOverload : ((CelMap)container.Reference!).TryGet(key, out var entry) ? entry : NoKey;
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
