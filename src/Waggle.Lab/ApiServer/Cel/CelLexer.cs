using System.Globalization;
using System.Text;

namespace Waggle.Lab.ApiServer;

internal enum CelTokenKind
{
    Name,
    Integer,
    Float,
    Text,
    Symbol,
    End,
}

internal readonly record struct CelToken(CelTokenKind Kind, string Text, object? Value, int At);

/// <summary>Takes CEL text apart.</summary>
internal static class CelLexer
{
    private static readonly string[] s_symbols = ["&&", "||", "==", "!=", "<=", ">=", "<", ">", "+", "-", "*", "/", "%", "!", "?", ":", ".", ",", "(", ")", "[", "]", "{", "}"];

    /// <exception cref="CelException">A character that is not of the language, or text that does not end.</exception>
    public static List<CelToken> Read(string text)
    {
        var tokens = new List<CelToken>();
        var at = 0;
        while (true)
        {
            while (at < text.Length && char.IsWhiteSpace(text[at]))
            {
                at++;
            }
            if (at == text.Length)
            {
                tokens.Add(new CelToken(CelTokenKind.End, "", null, at));
                return tokens;
            }
            var c = text[at];
            if (c == '/' && at + 1 < text.Length && text[at + 1] == '/')
            {
                while (at < text.Length && text[at] != '\n')
                {
                    at++;
                }
            }
            else if (char.IsAsciiDigit(c) || (c == '.' && at + 1 < text.Length && char.IsAsciiDigit(text[at + 1])))
            {
                tokens.Add(Number(text, ref at));
            }
            else if (c is '"' or '\'')
            {
                tokens.Add(Quoted(text, ref at, raw: false));
            }
            else if (c is 'r' or 'R' && at + 1 < text.Length && text[at + 1] is '"' or '\'')
            {
                at++;
                tokens.Add(Quoted(text, ref at, raw: true));
            }
            else if (char.IsAsciiLetter(c) || c == '_')
            {
                var start = at;
                while (at < text.Length && (char.IsAsciiLetterOrDigit(text[at]) || text[at] == '_'))
                {
                    at++;
                }
                tokens.Add(new CelToken(CelTokenKind.Name, text[start..at], null, start));
            }
            else
            {
                var start = at;
                var symbol = Array.Find(s_symbols, s => string.CompareOrdinal(text, start, s, 0, s.Length) == 0) ?? throw new CelException($"unexpected '{c}' at {at}");
                tokens.Add(new CelToken(CelTokenKind.Symbol, symbol, null, at));
                at += symbol.Length;
            }
        }
    }

    private static CelToken Number(string text, ref int at)
    {
        var start = at;
        if (text[at] == '0' && at + 1 < text.Length && text[at + 1] is 'x' or 'X')
        {
            at += 2;
            while (at < text.Length && char.IsAsciiHexDigit(text[at]))
            {
                at++;
            }
            var hex = text[(start + 2)..at];
            Suffix(text, ref at);
            return long.TryParse(hex, NumberStyles.HexNumber, CultureInfo.InvariantCulture, out var h) ? new CelToken(CelTokenKind.Integer, text[start..at], h, start) : throw new CelException($"'{text[start..at]}' is no number");
        }
        while (at < text.Length && char.IsAsciiDigit(text[at]))
        {
            at++;
        }
        var isFloat = false;
        if (at + 1 < text.Length && text[at] == '.' && char.IsAsciiDigit(text[at + 1]))
        {
            isFloat = true;
            at++;
            while (at < text.Length && char.IsAsciiDigit(text[at]))
            {
                at++;
            }
        }
        if (at < text.Length && text[at] is 'e' or 'E')
        {
            isFloat = true;
            at++;
            if (at < text.Length && text[at] is '+' or '-')
            {
                at++;
            }
            while (at < text.Length && char.IsAsciiDigit(text[at]))
            {
                at++;
            }
        }
        var number = text[start..at];
        if (isFloat)
        {
            return double.TryParse(number, NumberStyles.Float, CultureInfo.InvariantCulture, out var d) ? new CelToken(CelTokenKind.Float, number, d, start) : throw new CelException($"'{number}' is no number");
        }
        Suffix(text, ref at);
        return long.TryParse(number, NumberStyles.None, CultureInfo.InvariantCulture, out var l) ? new CelToken(CelTokenKind.Integer, number, l, start) : throw new CelException($"'{number}' is out of range");
    }

    private static void Suffix(string text, ref int at)
    {
        if (at < text.Length && text[at] is 'u' or 'U')
        {
            at++;
        }
    }

    private static CelToken Quoted(string text, ref int at, bool raw)
    {
        var start = at;
        var quote = text[at];
        var triple = at + 2 < text.Length && text[at + 1] == quote && text[at + 2] == quote;
        at += triple ? 3 : 1;
        var result = new StringBuilder();
        while (true)
        {
            if (at >= text.Length)
            {
                throw new CelException($"the text that begins at {start} does not end");
            }
            if (text[at] == quote && (!triple || (at + 2 < text.Length && text[at + 1] == quote && text[at + 2] == quote)))
            {
                at += triple ? 3 : 1;
                return new CelToken(CelTokenKind.Text, "", result.ToString(), start);
            }
            if (text[at] == '\\' && !raw)
            {
                at++;
                result.Append(Escape(text, ref at));
            }
            else
            {
                result.Append(text[at++]);
            }
        }
    }

    private static string Escape(string text, ref int at)
    {
        if (at >= text.Length)
        {
            throw new CelException("a backslash at the end");
        }
        var c = text[at++];
        switch (c)
        {
            case 'n':
                return "\n";
            case 't':
                return "\t";
            case 'r':
                return "\r";
            case '\\' or '"' or '\'' or '`' or '?':
                return c.ToString();
            case 'x' or 'u' or 'U':
                var digits = c switch { 'x' => 2, 'u' => 4, _ => 8 };
                if (at + digits <= text.Length && int.TryParse(text.AsSpan(at, digits), NumberStyles.HexNumber, CultureInfo.InvariantCulture, out var code) && Rune.IsValid(code))
                {
                    at += digits;
                    return new Rune(code).ToString();
                }
                break;
        }
        throw new CelException($"unknown escape \\{c}");
    }
}
