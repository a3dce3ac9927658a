namespace Waggle.Cel;

/// <summary>Takes the text of an expression apart.</summary>
internal static class CelLexer
{
    private static readonly string[] Symbols =
        ["&&", "||", "==", "!=", "<=", ">=", "<", ">", "+", "-", "*", "/", "%", "!", "?", ":", ".", ",", "(", ")", "[", "]", "{", "}"];

    /// <exception cref="CelException">A character that is not of the language, a number out of its form, a text that does not end.</exception>
    public static List<CelToken> Read(string text)
    {
        var tokens = new List<CelToken>();
        var at = 0;
        while (true)
        {
            SkipSpace(text, ref at);
            if (at == text.Length)
            {
                tokens.Add(new CelToken(CelTokenKind.End, "", null, at));
                return tokens;
            }

            var c = text[at];
            if (char.IsAsciiDigit(c) || (c == '.' && at + 1 < text.Length && char.IsAsciiDigit(text[at + 1])))
            {
                tokens.Add(Number(text, ref at));
            }
            else if (CelQuoted.Starts(text, at))
            {
                tokens.Add(CelQuoted.Read(text, ref at));
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
                var symbol = Array.Find(Symbols, s => string.CompareOrdinal(text, start, s, 0, s.Length) == 0)
                    ?? throw new CelException(text, at, c is '=' or '&' or '|' ? $"a single '{c}' means nothing here; write '{c}{c}'" : $"unexpected character {Show(c)}");
                tokens.Add(new CelToken(CelTokenKind.Symbol, symbol, null, at));
                at += symbol.Length;
            }
        }
    }

    private static string Show(char c) => c is < ' ' or > '~' ? $"U+{(int)c:X4}" : $"'{c}'";

    private static void SkipSpace(string text, ref int at)
    {
        while (at < text.Length)
        {
            if (text[at] is ' ' or '\t' or '\n' or '\f' or '\r')
            {
                at++;
            }
            else if (text[at] == '/' && at + 1 < text.Length && text[at + 1] == '/')
            {
                var end = text.IndexOf('\n', at);
                at = end < 0 ? text.Length : end;
            }
            else
            {
                return;
            }
        }
    }

    private static CelToken Number(string text, ref int at)
    {
        var start = at;
        if (text[at] == '0' && at + 2 < text.Length && text[at + 1] is 'x' or 'X' && char.IsAsciiHexDigit(text[at + 2]))
        {
            at += 2;
            while (at < text.Length && char.IsAsciiHexDigit(text[at]))
            {
                at++;
            }
        }
        else
        {
            Digits(text, ref at);
            var fraction = at + 1 < text.Length && text[at] == '.' && char.IsAsciiDigit(text[at + 1]);
            if (fraction)
            {
                at++;
                Digits(text, ref at);
            }

            if (Exponent(text, ref at) || fraction)
            {
                return End(text, at, new CelToken(CelTokenKind.Double, text[start..at], null, start));
            }
        }

        var digits = text[start..at];
        if (at < text.Length && text[at] is 'u' or 'U')
        {
            at++;
            return End(text, at, new CelToken(CelTokenKind.Uint, digits, null, start));
        }

        return End(text, at, new CelToken(CelTokenKind.Int, digits, null, start));
    }

    private static bool Exponent(string text, ref int at)
    {
        if (at >= text.Length || text[at] is not ('e' or 'E'))
        {
            return false;
        }

        var first = at + 1 < text.Length && text[at + 1] is '+' or '-' ? at + 2 : at + 1;
        if (first >= text.Length || !char.IsAsciiDigit(text[first]))
        {
            return false;
        }

        at = first;
        Digits(text, ref at);
        return true;
    }

    private static void Digits(string text, ref int at)
    {
        while (at < text.Length && char.IsAsciiDigit(text[at]))
        {
            at++;
        }
    }

    private static CelToken End(string text, int at, CelToken number) =>
        at < text.Length && (char.IsAsciiLetterOrDigit(text[at]) || text[at] == '_')
            ? throw new CelException(text, at, $"unexpected character '{text[at]}' in a number")
            : number;
}
