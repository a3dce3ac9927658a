namespace Waggle.Cel;

/// <summary>
/// The grammar of the language specification, by recursive descent; names after a dot may be words of the language, and the middle of
/// "?:" another "?:".
/// </summary>
internal sealed partial class CelParser
{
    private static readonly HashSet<string> Reserved =
        ["as", "break", "const", "continue", "else", "for", "function", "if", "import", "let", "loop", "package", "namespace", "return", "var", "void", "while"];

    private readonly string _text;
    private readonly int _maxDepth;
    private readonly List<CelToken> _tokens;
    private int _next;
    private int _depth;

    private CelParser(string text, int maxDepth) => (_text, _maxDepth, _tokens) = (text, maxDepth, CelLexer.Read(text));

    private CelToken Now => _tokens[_next];

    /// <exception cref="CelException">Not of the language, too long, or too deep.</exception>
    public static CelExpr Parse(string text, CelLimits limits)
    {
        if (text.Length > limits.Length)
        {
            throw new CelException(text, limits.Length, $"the expression has {text.Length} characters, more than the limit of {limits.Length}");
        }

        var parser = new CelParser(text, limits.Depth);
        if (parser.Now.Kind == CelTokenKind.End)
        {
            throw new CelException(text, 0, "the expression is empty");
        }

        var expression = parser.Expression();
        return parser.Now.Kind == CelTokenKind.End ? expression : throw parser.Unexpected("the end");
    }

    private CelExpr Expression()
    {
        Deeper();
        var condition = Chain("||");
        if (Now.Is("?"))
        {
            var at = Take().At;
            var yes = Expression();
            Expect(":");
            condition = new CelConditional(at, condition, yes, Expression());
        }

        _depth--;
        return condition;
    }

    /// <summary>Operands joined by "||", which are themselves joined by "&amp;&amp;".</summary>
    private CelExpr Chain(string symbol)
    {
        CelExpr Operand() => symbol == "||" ? Chain("&&") : Relation();
        var first = Operand();
        if (!Now.Is(symbol))
        {
            return first;
        }

        var at = Now.At;
        List<CelExpr> operands = [first];
        while (Now.Is(symbol))
        {
            _next++;
            operands.Add(Operand());
        }

        return new CelLogical(at, symbol == "&&", operands);
    }

    private CelExpr Relation()
    {
        var (left, depth) = (Sum(), _depth);
        while (Now.Kind == CelTokenKind.Symbol && Now.Text is "<" or "<=" or ">" or ">=" or "==" or "!=" || (Now.Kind == CelTokenKind.Name && Now.Text == "in"))
        {
            Deeper();
            var token = Take();
            left = new CelBinary(token.At, token.Text, left, Sum());
        }

        _depth = depth;
        return left;
    }

    private CelExpr Sum()
    {
        var (left, depth) = (Product(), _depth);
        while (Now.Is("+") || Now.Is("-"))
        {
            Deeper();
            var token = Take();
            left = new CelBinary(token.At, token.Text, left, Product());
        }

        _depth = depth;
        return left;
    }

    private CelExpr Product()
    {
        var (left, depth) = (Unary(), _depth);
        while (Now.Is("*") || Now.Is("/") || Now.Is("%"))
        {
            Deeper();
            var token = Take();
            left = new CelBinary(token.At, token.Text, left, Unary());
        }

        _depth = depth;
        return left;
    }

    private CelExpr Unary()
    {
        if (!Now.Is("!") && !Now.Is("-"))
        {
            return Member();
        }

        var symbol = Take();
        if (symbol.Text == "-" && Now.Kind is CelTokenKind.Int or CelTokenKind.Double)
        {
            // The sign belongs to the number: the smallest int has no positive counterpart.
            return Suffixes(Number(Take(), negative: true));
        }

        Deeper();
        var operand = Now.Is(symbol.Text) || Now.Is("!") || Now.Is("-") ? Unary() : Member();
        _depth--;
        return new CelUnary(symbol.At, symbol.Text, operand);
    }

    private CelExpr Member() => Suffixes(Primary());

    private CelExpr Suffixes(CelExpr operand)
    {
        var depth = _depth;
        while (true)
        {
            if (Now.Is("."))
            {
                Deeper();
                _next++;
                var name = Now.Kind == CelTokenKind.Name ? Take() : throw Unexpected("a name");
                operand = Now.Is("(") ? new CelCall(name.At, operand, name.Text, List("(", ")")) : new CelSelect(name.At, operand, name.Text);
            }
            else if (Now.Is("["))
            {
                Deeper();
                var at = Take().At;
                operand = new CelIndex(at, operand, Expression());
                Expect("]");
            }
            else if (Now.Is("{") && operand is CelName or CelSelect)
            {
                throw new CelException(_text, Now.At, "messages cannot be made here; compare their fields");
            }
            else
            {
                _depth = depth;
                return operand;
            }
        }
    }

    private void Deeper()
    {
        if (++_depth > _maxDepth)
        {
            throw new CelException(_text, Now.At, $"nested deeper than the limit of {_maxDepth}");
        }
    }

    private CelToken Take() => _tokens[_next++];

    private void Expect(string symbol) => _ = Now.Is(symbol) ? Take() : throw Unexpected($"'{symbol}'");

    private CelException Unexpected(string wanted) =>
        new(_text, Now.At, Now.Kind == CelTokenKind.End ? $"the expression ends where {wanted} should stand" : $"expected {wanted} instead of {Shown(Now)}");

    private static string Shown(CelToken token) => token.Kind is CelTokenKind.String or CelTokenKind.Bytes ? "a text" : $"'{token.Text}'";
}
