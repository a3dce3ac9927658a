using System.Globalization;
using System.Text;

namespace Waggle.Cel;

/// <summary>Literals of strings and bytes: quotes of both kinds, single and triple, with the prefixes r (no escapes) and b (bytes).</summary>
internal static class CelQuoted
{
    public static bool Starts(string text, int at)
    {
        for (var i = at; i < at + 3 && i < text.Length; i++)
        {
            if (text[i] is '"' or '\'')
            {
                return i == at || Prefix(text[at..i]);
            }
        }

        return false;
    }

    public static CelToken Read(string text, ref int at)
    {
        var start = at;
        bool raw = false, bytes = false;
        for (; text[at] is not ('"' or '\''); at++)
        {
            raw |= text[at] is 'r' or 'R';
            bytes |= text[at] is 'b' or 'B';
        }

        var quote = text[at];
        var triple = Triple(text, at, quote);
        at += triple ? 3 : 1;
        var result = new List<byte>();
        while (true)
        {
            if (at >= text.Length || (!triple && text[at] is '\n' or '\r'))
            {
                throw new CelException(text, start, "this text has no end");
            }

            if (text[at] == quote && (!triple || Triple(text, at, quote)))
            {
                at += triple ? 3 : 1;
                byte[] all = [.. result];
                return bytes ? new CelToken(CelTokenKind.Bytes, "", all, start) : new CelToken(CelTokenKind.String, "", Encoding.UTF8.GetString(all), start);
            }

            if (text[at] == '\\' && !raw)
            {
                Escape(text, ref at, bytes, result);
            }
            else
            {
                Rune.DecodeFromUtf16(text.AsSpan(at), out var rune, out var used);
                Add(rune, result);
                at += used;
            }
        }
    }

    private static bool Prefix(string text) => text.Length == 1 ? text[0] is 'r' or 'R' or 'b' or 'B'
        : char.ToLowerInvariant(text[0]) != char.ToLowerInvariant(text[1]) && text.All(c => c is 'r' or 'R' or 'b' or 'B');

    private static bool Triple(string text, int at, char quote) => at + 2 < text.Length && text[at] == quote && text[at + 1] == quote && text[at + 2] == quote;

    private static void Escape(string text, ref int at, bool bytes, List<byte> result)
    {
        var start = at++;
        var c = at < text.Length ? text[at++] : throw new CelException(text, start, "a backslash ends the text");
        var simple = c switch
        {
            'a' => '\a', 'b' => '\b', 'f' => '\f', 'n' => '\n', 'r' => '\r', 't' => '\t', 'v' => '\v',
            '\\' or '?' or '"' or '\'' or '`' => c,
            _ => '\0',
        };
        if (simple != '\0')
        {
            result.Add((byte)simple);
            return;
        }

        var (digits, radix) = c switch { 'x' or 'X' => (2, 16), 'u' => (4, 16), 'U' => (8, 16), >= '0' and <= '3' => (3, 8), _ => (0, 0) };
        if (digits == 0)
        {
            throw new CelException(text, start, $"\\{c} is no escape sequence (a pattern is easier as r'…')");
        }

        if (bytes && c is 'u' or 'U')
        {
            throw new CelException(text, start, $"bytes have no \\{c}; write \\x or the character");
        }

        var first = radix == 8 ? at - 1 : at;
        if (first + digits > text.Length || !Code(text.AsSpan(first, digits), radix, out var code))
        {
            throw new CelException(text, start, $"\\{c} needs {digits} digits of base {radix}");
        }

        at = first + digits;
        if (bytes)
        {
            result.Add((byte)code);
        }
        else
        {
            Add(Rune.IsValid(code) ? new Rune(code) : throw new CelException(text, start, "this is no Unicode character"), result);
        }
    }

    private static bool Code(ReadOnlySpan<char> digits, int radix, out uint code)
    {
        if (radix == 16)
        {
            return uint.TryParse(digits, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out code);
        }

        code = 0;
        foreach (var digit in digits)
        {
            if (digit is < '0' or > '7')
            {
                return false;
            }

            code = (code * 8) + (uint)(digit - '0');
        }

        return true;
    }

    private static void Add(Rune rune, List<byte> result)
    {
        Span<byte> utf8 = stackalloc byte[4];
        result.AddRange(utf8[..rune.EncodeToUtf8(utf8)]);
    }
}
