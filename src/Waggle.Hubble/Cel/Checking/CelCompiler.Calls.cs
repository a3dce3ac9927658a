using Waggle.Hubble.Filters;
using Waggle.Hubble.Flows;

namespace Waggle.Hubble.Cel;

/// <summary>Calls of functions, and macros.</summary>
internal sealed partial class CelCompiler
{
    private Typed Call(CelCall call)
    {
        if (call.Receiver is null && call.Name == "has")
        {
            return call.Arguments is [CelSelect field] ? Has(field) : throw Fail(call.At, "has() takes one field, as in has(_flow.l4.TCP)");
        }

        if (call.Receiver is not null && call.Name is "all" or "exists" or "exists_one" or "map" or "filter")
        {
            return Macro(call);
        }

        var overloads = CelFunctions.All[call.Name].Where(o => o.Member == call.Receiver is not null).ToArray();
        if (overloads.Length == 0)
        {
            var other = CelFunctions.All[call.Name].FirstOrDefault();
            throw Fail(call.At, other is not null ? $"{call.Name} is called as {other}" : $"there is no function \"{call.Name}\"{Near(call.Name, ["has", "all", "exists", "exists_one", "map", "filter", .. CelFunctions.All.Select(f => f.Key)])}");
        }

        CelExpr[] written = call.Receiver is { } receiver ? [receiver, .. call.Arguments] : [.. call.Arguments];
        var arguments = Array.ConvertAll(written, Visit);
        var matching = overloads.Where(o => o.Parameters.Length == arguments.Length && o.Parameters.Zip(arguments).All(p => p.Second.Type.Fits(p.First))).ToArray();
        if (matching.Length == 0)
        {
            var types = arguments.Select(a => a.Type.ToString()).ToArray();
            var called = call.Receiver is null ? $"{call.Name}({string.Join(", ", types)})" : $"{types[0]}.{call.Name}({string.Join(", ", types.Skip(1))})";
            throw Fail(call.At, $"{called} is not defined; there is {string.Join(", ", overloads.Take(4).Select(o => o.ToString()))}");
        }

        return new(matching[0].Result, Function(call, arguments));
    }

    private CelNode Function(CelCall call, Typed[] arguments)
    {
        if (CelFunctions.IsTimePart(call.Name))
        {
            var zone = TimeZoneInfo.Utc;
            if (arguments.Length == 2)
            {
                var name = arguments[1].Node as CelConstantNode ?? throw Fail(call.Arguments[0].At, "the time zone must be written out");
                zone = CelTimes.Zone(name.Value.String) ?? throw Fail(call.Arguments[0].At, $"there is no time zone \"{name.Value.String}\"; write for example Europe/Berlin or +01:00");
            }

            return new CelUnaryNode((ref CelFrame _, in CelValue v) => CelTimes.Part(call.Name, v, zone), arguments[0].Node);
        }

        if (arguments.Length == 2)
        {
            return call.Name == "matches" && arguments[1].Node is CelConstantNode pattern
                ? Matches(arguments[0].Node, pattern.Value.String, (call.Receiver is null ? call.Arguments[1] : call.Arguments[0]).At)
                : new CelBinaryNode(CelFunctions.Binary[call.Name], arguments[0].Node, arguments[1].Node);
        }

        var node = new CelUnaryNode(CelFunctions.Unary[call.Name], arguments[0].Node);
        if (arguments[0].Node is not CelConstantNode || !CelFunctions.IsConversion(call.Name))
        {
            return node;
        }

        FlowRecord none = default;
        var frame = new CelFrame(in none);
        var value = node.Eval(ref frame);
        return value.IsError ? throw Fail(call.At, $"{call.Name}(): {value.Reference}") : new CelConstantNode(value);
    }

    private CelUnaryNode Matches(CelNode text, string pattern, int at)
    {
        try
        {
            var regex = SafeRegex.Compile("matches", pattern);
            return new CelUnaryNode((ref CelFrame frame, in CelValue v) => CelText.Matches(ref frame, v, regex), text);
        }
        catch (FilterException e)
        {
            throw Fail(at, e.Message);
        }
    }

    private Typed Has(CelSelect field)
    {
        // A dotted constant is no field: has(Verdict.DROPPED) means nothing.
        Dotted(field, out var root);
        return root is not null && (root.Absolute || !_scopes.Exists(s => s.Name == root.Name)) && root.Name != Variable
            ? throw Fail(field.At, "has() takes a field of the flow or of a variable")
            : Select(field, test: true);
    }

    private Typed Macro(CelCall call)
    {
        var count = call.Arguments.Count;
        if (count != 2 && !(count == 3 && call.Name == "map"))
        {
            throw Fail(call.At, $"{call.Name} takes a name and an expression, as in list.{call.Name}(x, …)");
        }

        if (call.Arguments[0] is not CelName { Absolute: false } variable)
        {
            throw Fail(call.Arguments[0].At, $"the first argument of {call.Name} is the name of a variable");
        }

        var range = Visit(call.Receiver!);
        var element = range.Type.Kind switch
        {
            null => CelType.Dyn,
            CelKind.List => range.Type.Element!,
            CelKind.Map => range.Type.Key!,
            _ => throw Fail(call.At, $"{call.Name} goes over a list or a map, not {range.Type}"),
        };
        var slot = _scopes.Count;
        if (slot == CelLimits.Variables)
        {
            throw Fail(call.At, $"more macros within each other than the limit of {CelLimits.Variables}");
        }

        _scopes.Add((variable.Name, element));
        Typed[] bodies = [.. call.Arguments.Skip(1).Select(Visit)];
        _scopes.RemoveAt(slot);
        if (call.Name != "map" || bodies.Length == 2)
        {
            Bool(call.Arguments[1], bodies[0]);
        }

        return call.Name switch
        {
            "all" or "exists" => new(CelType.Bool, new CelQuantifierNode(call.Name == "all", range.Node, slot, bodies[0].Node)),
            "exists_one" => new(CelType.Bool, new CelExistsOneNode(range.Node, slot, bodies[0].Node)),
            "filter" => new(CelType.ListOf(element), new CelTransformNode(range.Node, slot, bodies[0].Node, null)),
            _ => new(CelType.ListOf(bodies[^1].Type), new CelTransformNode(range.Node, slot, bodies.Length == 2 ? bodies[0].Node : null, bodies[^1].Node)),
        };
    }
}
