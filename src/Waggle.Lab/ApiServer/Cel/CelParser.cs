namespace Waggle.Lab.ApiServer;

/// <summary>Builds the tree of a CEL expression by precedence: <c>?:</c>, <c>||</c>, <c>&amp;&amp;</c>, relations, sums, products, signs, members.</summary>
internal sealed class CelParser(List<CelToken> tokens)
{
    private const int MaxDepth = 100;
    private static readonly string[] s_macros = ["all", "exists", "exists_one", "map", "filter"];
    private int _at;
    private int _depth;

    private CelToken Current => tokens[_at];

    /// <exception cref="CelException">The tokens are no expression.</exception>
    public CelNode Parse()
    {
        var node = Conditional();
        return Current.Kind == CelTokenKind.End ? node : throw Unexpected();
    }

    private CelNode Conditional()
    {
        if (++_depth > MaxDepth)
        {
            throw new CelException("the expression is nested too deeply");
        }
        var condition = Or();
        if (Take("?"))
        {
            var yes = Conditional();
            Expect(":");
            condition = new ConditionalNode(condition, yes, Conditional());
        }
        _depth--;
        return condition;
    }

    private CelNode Or()
    {
        var left = And();
        while (Take("||"))
        {
            left = new LogicNode(left, And(), isOr: true);
        }
        return left;
    }

    private CelNode And()
    {
        var left = Relation();
        while (Take("&&"))
        {
            left = new LogicNode(left, Relation(), isOr: false);
        }
        return left;
    }

    private CelNode Relation()
    {
        var left = Sum();
        while (true)
        {
            var op = Current.Kind == CelTokenKind.Symbol && Current.Text is "==" or "!=" or "<" or "<=" or ">" or ">=" ? Current.Text : Current is { Kind: CelTokenKind.Name, Text: "in" } ? "in" : null;
            if (op is null)
            {
                return left;
            }
            _at++;
            left = new BinaryNode(op, left, Sum());
        }
    }

    private CelNode Sum()
    {
        var left = Product();
        while (Current.Kind == CelTokenKind.Symbol && Current.Text is "+" or "-")
        {
            left = new BinaryNode(tokens[_at++].Text, left, Product());
        }
        return left;
    }

    private CelNode Product()
    {
        var left = Unary();
        while (Current.Kind == CelTokenKind.Symbol && Current.Text is "*" or "/" or "%")
        {
            left = new BinaryNode(tokens[_at++].Text, left, Unary());
        }
        return left;
    }

    private CelNode Unary()
    {
        if (Take("!"))
        {
            return Deeper(() => new NotNode(Unary()));
        }
        return Take("-") ? Deeper(() => new BinaryNode("-", new LiteralNode(0L), Unary())) : Member();
    }

    private CelNode Deeper(Func<CelNode> parse)
    {
        if (++_depth > MaxDepth)
        {
            throw new CelException("the expression is nested too deeply");
        }
        var node = parse();
        _depth--;
        return node;
    }

    private CelNode Member()
    {
        var node = Primary();
        while (true)
        {
            if (Take("."))
            {
                var name = Name();
                if (!Take("("))
                {
                    node = new SelectNode(node, Unescape(name));
                }
                else
                {
                    node = Array.IndexOf(s_macros, name) >= 0 ? Macro(node, name) : new CallNode(name, node, Arguments(")"));
                }
            }
            else if (Take("["))
            {
                var index = Conditional();
                Expect("]");
                node = new IndexNode(node, index);
            }
            else
            {
                return node;
            }
        }
    }

    private ComprehensionNode Macro(CelNode over, string macro)
    {
        var variable = Name();
        Expect(",");
        var first = Conditional();
        CelNode? second = null;
        if (macro == "map" && Take(","))
        {
            second = Conditional();
        }
        Expect(")");
        return new ComprehensionNode(macro, over, variable, first, second);
    }

    private CelNode Primary()
    {
        var token = Current;
        switch (token.Kind)
        {
            case CelTokenKind.Integer or CelTokenKind.Float or CelTokenKind.Text:
                _at++;
                return new LiteralNode(token.Value);
            case CelTokenKind.Name:
                _at++;
                return Named(token.Text);
        }
        if (Take("("))
        {
            var inner = Conditional();
            Expect(")");
            return inner;
        }
        if (Take("["))
        {
            return new ListNode(Arguments("]"));
        }
        return Take("{") ? Map() : throw Unexpected();
    }

    private CelNode Named(string name)
    {
        switch (name)
        {
            case "true":
                return new LiteralNode(true);
            case "false":
                return new LiteralNode(false);
            case "null":
                return new LiteralNode(null);
        }
        if (!Take("("))
        {
            return new VariableNode(name);
        }
        var arguments = Arguments(")");
        if (name != "has")
        {
            return new CallNode(name, null, arguments);
        }
        return arguments is [SelectNode select] ? new HasNode(select) : throw new CelException("has() takes one field selection");
    }

    private MapNode Map()
    {
        var entries = new List<(CelNode, CelNode)>();
        while (!Take("}"))
        {
            var key = Conditional();
            Expect(":");
            entries.Add((key, Conditional()));
            if (!Take(","))
            {
                Expect("}");
                break;
            }
        }
        return new MapNode(entries);
    }

    private List<CelNode> Arguments(string close)
    {
        var arguments = new List<CelNode>();
        while (!Take(close))
        {
            arguments.Add(Conditional());
            if (!Take(","))
            {
                Expect(close);
                break;
            }
        }
        return arguments;
    }

    private string Name() => Current.Kind == CelTokenKind.Name ? tokens[_at++].Text : throw Unexpected();

    /// <summary>Field names that CEL could not spell are escaped by Kubernetes: __namespace__, __dash__ and the like.</summary>
    private static string Unescape(string name)
    {
        if (!name.Contains("__", StringComparison.Ordinal))
        {
            return name;
        }
        if (name.StartsWith("__", StringComparison.Ordinal) && name.EndsWith("__", StringComparison.Ordinal) && name.Length > 4 && name.IndexOf("__", 2, StringComparison.Ordinal) == name.Length - 2)
        {
            return name[2..^2];
        }
        return name.Replace("__dot__", ".", StringComparison.Ordinal).Replace("__dash__", "-", StringComparison.Ordinal).Replace("__slash__", "/", StringComparison.Ordinal).Replace("__underscores__", "__", StringComparison.Ordinal);
    }

    private bool Take(string symbol)
    {
        if (Current.Kind == CelTokenKind.Symbol && Current.Text == symbol)
        {
            _at++;
            return true;
        }
        return false;
    }

    private void Expect(string symbol)
    {
        if (!Take(symbol))
        {
            throw new CelException($"'{symbol}' is expected at {Current.At}");
        }
    }

    private CelException Unexpected() => new(Current.Kind == CelTokenKind.End ? "the expression ends too early" : $"unexpected '{Current.Text}' at {Current.At}");
}
