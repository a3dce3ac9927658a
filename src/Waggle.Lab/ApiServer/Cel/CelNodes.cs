using System.Collections;

namespace Waggle.Lab.ApiServer;

/// <summary>A part of a CEL expression.</summary>
internal abstract class CelNode
{
    public object? Evaluate(CelScope scope)
    {
        scope.Step();
        return Value(scope);
    }

    protected abstract object? Value(CelScope scope);

    protected static bool Truth(object? value) => value as bool? ?? throw new CelException("a condition must be true or false");
}

internal sealed class LiteralNode(object? value) : CelNode
{
    protected override object? Value(CelScope scope) => value;
}

internal sealed class VariableNode(string name) : CelNode
{
    protected override object? Value(CelScope scope) => scope.Get(name);
}

internal sealed class SelectNode(CelNode target, string field) : CelNode
{
    public bool Has(CelScope scope) => target.Evaluate(scope) is IReadOnlyDictionary<string, object?> map ? map.ContainsKey(field) : throw new CelException($"no such field '{field}'");

    protected override object? Value(CelScope scope) => target.Evaluate(scope) is IReadOnlyDictionary<string, object?> map && map.TryGetValue(field, out var value) ? value : throw new CelException($"no such key: {field}");
}

internal sealed class HasNode(SelectNode select) : CelNode
{
    protected override object? Value(CelScope scope) => select.Has(scope);
}

internal sealed class IndexNode(CelNode target, CelNode index) : CelNode
{
    protected override object? Value(CelScope scope)
    {
        var at = index.Evaluate(scope);
        switch (target.Evaluate(scope))
        {
            case IReadOnlyList<object?> list when at is long i:
                return i >= 0 && i < list.Count ? list[(int)i] : throw new CelException($"index out of bounds: {i}");
            case IReadOnlyDictionary<string, object?> map when at is string key:
                return map.TryGetValue(key, out var value) ? value : throw new CelException($"no such key: {key}");
            default:
                throw new CelException("no such overload: [ ]");
        }
    }
}

internal sealed class ConditionalNode(CelNode condition, CelNode yes, CelNode no) : CelNode
{
    protected override object? Value(CelScope scope) => Truth(condition.Evaluate(scope)) ? yes.Evaluate(scope) : no.Evaluate(scope);
}

internal sealed class NotNode(CelNode operand) : CelNode
{
    protected override object? Value(CelScope scope) => !Truth(operand.Evaluate(scope));
}

/// <summary>&amp;&amp; and ||: a side that decides the result wins over an error of the other side.</summary>
internal sealed class LogicNode(CelNode left, CelNode right, bool isOr) : CelNode
{
    protected override object? Value(CelScope scope)
    {
        CelException? error = null;
        foreach (var side in (ReadOnlySpan<CelNode>)[left, right])
        {
            try
            {
                if (Truth(side.Evaluate(scope)) == isOr)
                {
                    return isOr;
                }
            }
            catch (CelException e)
            {
                error ??= e;
            }
        }
        return error is null ? !isOr : throw error;
    }
}

internal sealed class ListNode(List<CelNode> items) : CelNode
{
    protected override object? Value(CelScope scope) => items.ConvertAll(i => i.Evaluate(scope));
}

internal sealed class MapNode(List<(CelNode Key, CelNode Value)> entries) : CelNode
{
    protected override object? Value(CelScope scope)
    {
        var map = new Dictionary<string, object?>();
        foreach (var (key, value) in entries)
        {
            map[key.Evaluate(scope) as string ?? throw new CelException("keys of maps must be text here")] = value.Evaluate(scope);
        }
        return map;
    }
}

/// <summary>The macros that go over lists, and over the keys of maps.</summary>
internal sealed class ComprehensionNode(string macro, CelNode over, string variable, CelNode first, CelNode? second) : CelNode
{
    protected override object? Value(CelScope scope)
    {
        IEnumerable items = over.Evaluate(scope) switch
        {
            IReadOnlyList<object?> list => list,
            IReadOnlyDictionary<string, object?> map => map.Keys,
            _ => throw new CelException($"{macro}() needs a list or a map"),
        };
        var results = new List<object?>();
        var holding = 0;
        CelException? error = null;
        foreach (var item in items)
        {
            var inner = scope.With(variable, item);
            switch (macro)
            {
                case "map" when second is null:
                    results.Add(first.Evaluate(inner));
                    continue;
                case "map":
                    if (Truth(first.Evaluate(inner)))
                    {
                        results.Add(second.Evaluate(inner));
                    }
                    continue;
                case "filter":
                    if (Truth(first.Evaluate(inner)))
                    {
                        results.Add(item);
                    }
                    continue;
            }
            try
            {
                var truth = Truth(first.Evaluate(inner));
                if (macro == "all" && !truth)
                {
                    return false;
                }
                if (macro == "exists" && truth)
                {
                    return true;
                }
                holding += truth ? 1 : 0;
            }
            catch (CelException e) when (macro != "exists_one")
            {
                error ??= e;
            }
        }
        if (error is not null)
        {
            throw error;
        }
        return macro switch { "all" => true, "exists" => false, "exists_one" => holding == 1, _ => results };
    }
}

internal sealed class BinaryNode(string op, CelNode left, CelNode right) : CelNode
{
    protected override object? Value(CelScope scope)
    {
        var a = left.Evaluate(scope);
        var b = right.Evaluate(scope);
        switch (op)
        {
            case "==":
                return CelValues.AreEqual(a, b);
            case "!=":
                return !CelValues.AreEqual(a, b);
            case "in":
                return b switch
                {
                    IReadOnlyList<object?> list => list.Any(i => CelValues.AreEqual(a, i)),
                    IReadOnlyDictionary<string, object?> map => a is string key && map.ContainsKey(key),
                    _ => throw new CelException("no such overload: in"),
                };
            case "<":
                return CelValues.Compare(a, b) < 0;
            case "<=":
                return CelValues.Compare(a, b) <= 0;
            case ">":
                return CelValues.Compare(a, b) > 0;
            case ">=":
                return CelValues.Compare(a, b) >= 0;
            default:
                return CelValues.Arithmetic(op, a, b);
        }
    }
}

internal sealed class CallNode(string name, CelNode? target, List<CelNode> arguments) : CelNode
{
    protected override object? Value(CelScope scope)
    {
        var values = new object?[arguments.Count + (target is null ? 0 : 1)];
        if (target is not null)
        {
            values[0] = target.Evaluate(scope);
        }
        for (var i = 0; i < arguments.Count; i++)
        {
            values[values.Length - arguments.Count + i] = arguments[i].Evaluate(scope);
        }
        return CelFunctions.Call(name, values);
    }
}
