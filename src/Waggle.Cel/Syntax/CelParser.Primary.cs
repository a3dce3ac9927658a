using System.Globalization;

namespace Waggle.Cel;

/// <summary>What operators work on: names, calls, literals, brackets.</summary>
internal sealed partial class CelParser
{
    private CelExpr Primary()
    {
        var token = Now;
        switch (token.Kind)
        {
            case CelTokenKind.Name:
                return Name(absolute: false);
            case CelTokenKind.Int or CelTokenKind.Uint or CelTokenKind.Double:
                _next++;
                return Number(token, negative: false);
            case CelTokenKind.String:
                _next++;
                return new CelLiteral(token.At, CelType.String, CelValue.Of((string)token.Value!));
            case CelTokenKind.Bytes:
                _next++;
                return new CelLiteral(token.At, CelType.Bytes, CelValue.Of((byte[])token.Value!));
            case CelTokenKind.Symbol when token.Text == "(":
                _next++;
                var inner = Expression();
                Expect(")");
                return inner;
            case CelTokenKind.Symbol when token.Text == "[":
                return new CelListExpr(token.At, List("[", "]"));
            case CelTokenKind.Symbol when token.Text == "{":
                return Map();
            case CelTokenKind.Symbol when token.Text == ".":
                _next++;
                return Name(absolute: true);
            default:
                throw Unexpected("a value");
        }
    }

    private CelExpr Name(bool absolute)
    {
        var token = Now.Kind == CelTokenKind.Name ? Take() : throw Unexpected("a name");
        if (Reserved.Contains(token.Text))
        {
            throw new CelException(_text, token.At, $"\"{token.Text}\" is a reserved word");
        }

        if (Now.Is("("))
        {
            return new CelCall(token.At, null, token.Text, List("(", ")"));
        }

        return token.Text switch
        {
            "true" => new CelLiteral(token.At, CelType.Bool, CelValue.Of(true)),
            "false" => new CelLiteral(token.At, CelType.Bool, CelValue.Of(false)),
            "null" => new CelLiteral(token.At, CelType.Null, CelValue.Null),
            "in" => throw new CelException(_text, token.At, "expected a value instead of 'in'"),
            _ => new CelName(token.At, token.Text, absolute),
        };
    }

    private List<CelExpr> List(string open, string close)
    {
        Expect(open);
        var elements = new List<CelExpr>();
        while (!Now.Is(close))
        {
            elements.Add(Expression());
            if (!Now.Is(","))
            {
                break;
            }

            _next++;
            if (close == ")" && Now.Is(close))
            {
                throw Unexpected("an argument");
            }
        }

        Expect(close);
        return elements;
    }

    private CelMapExpr Map()
    {
        var at = Take().At;
        var entries = new List<(CelExpr, CelExpr)>();
        while (!Now.Is("}"))
        {
            var key = Expression();
            Expect(":");
            entries.Add((key, Expression()));
            if (!Now.Is(","))
            {
                break;
            }

            _next++;
        }

        Expect("}");
        return new CelMapExpr(at, entries);
    }

    private CelLiteral Number(CelToken token, bool negative)
    {
        var at = negative ? token.At - 1 : token.At;
        if (token.Kind == CelTokenKind.Double)
        {
            var d = double.Parse(token.Text, NumberStyles.Float, CultureInfo.InvariantCulture);
            return double.IsFinite(d) ? new CelLiteral(at, CelType.Double, CelValue.Of(negative ? -d : d)) : throw new CelException(_text, token.At, $"{token.Text} is too big for a double");
        }

        var hex = token.Text.StartsWith("0x", StringComparison.OrdinalIgnoreCase);
        if (!ulong.TryParse(hex ? token.Text.AsSpan(2) : token.Text, hex ? NumberStyles.AllowHexSpecifier : NumberStyles.None, CultureInfo.InvariantCulture, out var number))
        {
            throw new CelException(_text, token.At, $"{token.Text} has more than 64 bits");
        }

        if (token.Kind == CelTokenKind.Uint)
        {
            return new CelLiteral(at, CelType.Uint, CelValue.OfUint(number));
        }

        return number > long.MaxValue + (negative ? 1ul : 0ul)
            ? throw new CelException(_text, token.At, $"{token.Text} does not fit into an int; write {token.Text}u for a uint")
            : new CelLiteral(at, CelType.Int, CelValue.Of(negative ? unchecked(-(long)number) : (long)number));
    }
}
