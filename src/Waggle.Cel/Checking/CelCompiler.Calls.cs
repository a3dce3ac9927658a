namespace Waggle.Cel;

/// <summary>Calls of functions, and macros.</summary>
internal sealed partial class CelCompiler<T>
{
    private Typed Call(CelCall call)
    {
        if (call.Receiver is null && call.Name == "has")
        {
            return call.Arguments is [CelSelect field] ? Has(field) : throw Fail(call.At, $"has() takes one field, as in has({_environment.SubjectName}.field)");
        }

        if (call.Receiver is not null && call.Name is "all" or "exists" or "exists_one" or "map" or "filter")
        {
            return Macro(call);
        }

        var known = _environment.Functions;
        CelFunction[] forms = [.. known[call.Name].Where(f => f.IsMember == call.Receiver is not null)];
        if (forms.Length == 0)
        {
            throw Fail(call.At, known[call.Name].FirstOrDefault() is { } other ? $"{call.Name} is called as {other}"
                : $"there is no function \"{call.Name}\"{Near(call.Name, ["has", "all", "exists", "exists_one", "map", "filter", .. known.Select(f => f.Key)])}");
        }

        CelExpr[] written = call.Receiver is { } receiver ? [receiver, .. call.Arguments] : [.. call.Arguments];
        var arguments = Array.ConvertAll(written, Visit);
        var types = Array.ConvertAll(arguments, a => a.Type);
        var matching = Array.FindAll(forms, f => f.Fits(types));
        if (matching.Length == 0)
        {
            var called = call.Receiver is null ? $"{call.Name}({string.Join<CelType>(", ", types)})" : $"{types[0]}.{call.Name}({string.Join(", ", types.Skip(1))})";
            throw Fail(call.At, $"{called} is not defined; there is {string.Join(", ", forms.Take(4).Select(f => f.ToString()))}");
        }

        return new(matching[0].Result, Function(call.At, matching, Array.ConvertAll(arguments, a => a.Node), written));
    }

    private CelNode<T> Function(int at, CelFunction[] forms, CelNode<T>[] arguments, CelExpr[] written)
    {
        var function = forms[0];
        if (function.Match is not null)
        {
            return Match(function, arguments[0], arguments[1], written[1].At);
        }

        if (CelStandard.IsTimePart(function.Name) && arguments.Length == 2)
        {
            var name = arguments[1] as CelConstantNode<T> ?? throw Fail(written[1].At, "the time zone must be written out");
            var zone = CelTimes.Zone(name.Value.String) ?? throw Fail(written[1].At, $"there is no time zone \"{name.Value.String}\"; write for example Europe/Berlin or +01:00");
            return new CelUnaryNode<T>((ref _, in v) => CelTimes.Part(function.Name, v, zone), arguments[0]);
        }

        if (function.Name == "type")
        {
            return new CelUnaryNode<T>(TypeOf, arguments[0]);
        }

        if (!CelStandard.IsConversion(function.Name) || arguments[0] is not CelConstantNode<T> constant)
        {
            return new CelCallNode<T>(forms, arguments);
        }

        var budget = new CelBudget(_environment.Limits.Cost);
        var value = function.Body(ref budget, constant.Value, default, default);
        return value.IsError ? throw Fail(at, $"{function.Name}(): {value.Reference}") : new CelConstantNode<T>(value);
    }

    private CelNode<T> Match(CelFunction function, CelNode<T> text, CelNode<T> pattern, int at)
    {
        if (pattern is not CelConstantNode<T> constant)
        {
            return new CelBinaryNode<T>((ref budget, in t, in p) => CelPattern.Run(ref budget, function, _environment.Pattern, t, p), text, pattern);
        }

        try
        {
            var (regex, weight) = (_environment.Pattern(constant.Value.String), CelPattern.Weight(constant.Value.String));
            return new CelUnaryNode<T>((ref budget, in t) => CelPattern.Run(ref budget, function, regex, weight, t), text);
        }
        catch (ArgumentException e)
        {
            throw Fail(at, $"{function.Name}: {e.Message}");
        }
    }

    private CelValue TypeOf(ref CelBudget budget, in CelValue value) => CelValue.OfType(value.Kind == CelKind.Object ? _environment.TypeOf(value.Reference!)?.Name ?? "dyn" : CelType.NameOf(value.Kind));

    private Typed Has(CelSelect field)
    {
        // A dotted constant is no field: has(Verdict.DROPPED) means nothing.
        Dotted(field, out var root);
        return root is not null && !IsVariable(root)
            ? throw Fail(field.At, $"has() takes a field of {_environment.Subject} or of a variable")
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
        if (slot == _environment.Limits.Variables)
        {
            throw Fail(call.At, $"more macros within each other than the limit of {_environment.Limits.Variables}");
        }

        _slots = Math.Max(_slots, slot + 1);
        _scopes.Add((variable.Name, element));
        Typed[] bodies = [.. call.Arguments.Skip(1).Select(Visit)];
        _scopes.RemoveAt(slot);
        if (call.Name != "map" || bodies.Length == 2)
        {
            Bool(call.Arguments[1], bodies[0]);
        }

        return call.Name switch
        {
            "all" or "exists" => new(CelType.Bool, new CelQuantifierNode<T>(call.Name == "all", range.Node, slot, bodies[0].Node)),
            "exists_one" => new(CelType.Bool, new CelExistsOneNode<T>(range.Node, slot, bodies[0].Node)),
            "filter" => new(CelType.ListOf(element), new CelTransformNode<T>(range.Node, slot, bodies[0].Node, null)),
            _ => new(CelType.ListOf(bodies[^1].Type), new CelTransformNode<T>(range.Node, slot, bodies.Length == 2 ? bodies[0].Node : null, bodies[^1].Node)),
        };
    }
}
