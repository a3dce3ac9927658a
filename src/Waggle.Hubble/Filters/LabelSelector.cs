namespace Waggle.Hubble.Filters;

/// <summary>
/// Kubernetes' selector syntax over labels with a source: <c>k8s:app=web</c>, <c>env in (a,b)</c>, <c>!canary</c>; requirements joined by
/// commas. A key without a source, or with <c>any:</c>, matches every source.
/// </summary>
public sealed class LabelSelector
{
    private readonly Requirement[] _requirements;

    private LabelSelector(Requirement[] requirements) => _requirements = requirements;

    private enum Operator
    {
        Exists,
        NotExists,
        In,
        NotIn,
        GreaterThan,
        LessThan,
    }

    /// <summary>Parses.</summary>
    /// <exception cref="FormatException">What is wrong with the text.</exception>
    public static LabelSelector Parse(string text)
    {
        if (text.Length > 4096)
        {
            throw new FormatException("longer than 4096 characters");
        }

        var requirements = new List<Requirement>();
        foreach (var part in SplitOutsideBrackets(text))
        {
            requirements.Add(ParseOne(part.Trim()));
        }

        return new LabelSelector([.. requirements]);
    }

    /// <summary>Whether these labels ("source:key=value" or "key=value") fulfil all requirements.</summary>
    public bool Matches(IReadOnlyList<string> labels)
    {
        foreach (var requirement in _requirements)
        {
            if (!requirement.Matches(labels))
            {
                return false;
            }
        }

        return true;
    }

    private static IEnumerable<string> SplitOutsideBrackets(string text)
    {
        if (text.Trim().Length == 0)
        {
            yield break; // the empty selector matches everything
        }

        int depth = 0, start = 0;
        for (var i = 0; i < text.Length; i++)
        {
            depth += text[i] switch { '(' => 1, ')' => -1, _ => 0 };
            if (depth is < 0 or > 1)
            {
                throw new FormatException("brackets do not match");
            }

            if (text[i] == ',' && depth == 0)
            {
                yield return text[start..i];
                start = i + 1;
            }
        }

        yield return depth == 0 ? text[start..] : throw new FormatException("brackets do not match");
    }

    private static Requirement ParseOne(string text)
    {
        if (text.StartsWith('!') && !text.StartsWith("!=", StringComparison.Ordinal))
        {
            return Make(text[1..], Operator.NotExists, []);
        }

        if (text.EndsWith(')'))
        {
            var open = text.IndexOf('(', StringComparison.Ordinal);
            var words = text[..open].Split(' ', StringSplitOptions.RemoveEmptyEntries);
            if (words.Length == 2 && words[1] is "in" or "notin")
            {
                string[] values = [.. text[(open + 1)..^1].Split(',').Select(v => v.Trim())];
                return Make(words[0], words[1] == "in" ? Operator.In : Operator.NotIn, values);
            }

            throw new FormatException($"\"{text}\": expected \"key in (a,b)\" or \"key notin (a,b)\"");
        }

        foreach (var (token, op) in new[] { ("!=", Operator.NotIn), ("==", Operator.In), ("=", Operator.In), (">", Operator.GreaterThan), ("<", Operator.LessThan) })
        {
            var at = text.IndexOf(token, StringComparison.Ordinal);
            if (at >= 0)
            {
                var value = text[(at + token.Length)..].Trim();
                if (op is Operator.GreaterThan or Operator.LessThan && !long.TryParse(value, out _))
                {
                    throw new FormatException($"\"{text}\": {token} needs a number");
                }

                return Make(text[..at], op, [value]);
            }
        }

        return Make(text, Operator.Exists, []);
    }

    private static Requirement Make(string key, Operator op, string[] values)
    {
        key = key.Trim();
        var colon = key.IndexOf(':', StringComparison.Ordinal);
        var (source, name) = colon < 0 ? ("any", key) : (key[..colon], key[(colon + 1)..]);
        if (name.Length == 0 || name.Any(c => !char.IsAsciiLetterOrDigit(c) && c is not ('-' or '_' or '.' or '/' or ':')))
        {
            throw new FormatException($"\"{key}\" is not a label key");
        }

        return values.Any(v => v.Any(c => char.IsWhiteSpace(c) || c is '(' or ')' or '=' or '!'))
            ? throw new FormatException($"\"{string.Join(',', values)}\" is not a label value")
            : new Requirement(source is "any" or "" ? null : source, name, op, values);
    }

    private sealed record Requirement(string? Source, string Key, Operator Op, string[] Values)
    {
        private long Number { get; } = Op is Operator.GreaterThan or Operator.LessThan ? long.Parse(Values[0], System.Globalization.CultureInfo.InvariantCulture) : 0;

        public bool Matches(IReadOnlyList<string> labels)
        {
            // The same key may come from several sources: one of them is enough, and for the negative ones, one is too many.
            var negative = Op is Operator.NotExists or Operator.NotIn;
            for (var i = 0; i < labels.Count; i++)
            {
                if (Find(labels[i], out var value) && Holds(value))
                {
                    return !negative;
                }
            }

            return negative;
        }

        private bool Holds(ReadOnlySpan<char> value) => Op switch
        {
            Operator.Exists or Operator.NotExists => true,
            Operator.In or Operator.NotIn => Contains(value),
            Operator.GreaterThan => long.TryParse(value, out var n) && n > Number,
            _ => long.TryParse(value, out var n) && n < Number,
        };

        private bool Contains(ReadOnlySpan<char> value)
        {
            foreach (var wanted in Values)
            {
                if (value.SequenceEqual(wanted))
                {
                    return true;
                }
            }

            return false;
        }

        private bool Find(ReadOnlySpan<char> label, out ReadOnlySpan<char> value)
        {
            var equals = label.IndexOf('=');
            value = equals < 0 ? [] : label[(equals + 1)..];
            var key = equals < 0 ? label : label[..equals];
            var colon = key.IndexOf(':');
            var source = colon < 0 ? default : key[..colon];
            return key[(colon + 1)..].SequenceEqual(Key) && (Source is null || source.SequenceEqual(Source));
        }
    }
}
