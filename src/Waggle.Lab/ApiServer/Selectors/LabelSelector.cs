using System.Globalization;

namespace Waggle.Lab.ApiServer;

/// <summary>A label selector in its text form: <c>a=b,c!=d,e in (f,g),h notin (i),j,!k,n&gt;1</c>.</summary>
internal sealed class LabelSelector
{
    private readonly List<Requirement> _requirements = [];

    private LabelSelector() { }

    public static LabelSelector Everything { get; } = new();

    public bool IsEverything => _requirements.Count == 0;

    /// <exception cref="ApiException">400: the text is no selector.</exception>
    public static LabelSelector Parse(string? text)
    {
        if (string.IsNullOrWhiteSpace(text))
        {
            return Everything;
        }
        var selector = new LabelSelector();
        var reader = new Reader(text);
        do
        {
            selector._requirements.Add(reader.Requirement());
        }
        while (reader.Comma());
        return selector;
    }

    public bool Matches(IReadOnlyDictionary<string, string> labels)
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

    private enum Operator
    {
        In,
        NotIn,
        Exists,
        Absent,
        Greater,
        Less,
    }

    private sealed record Requirement(string Key, Operator Operator, IReadOnlyList<string> Values)
    {
        public bool Matches(IReadOnlyDictionary<string, string> labels)
        {
            var has = labels.TryGetValue(Key, out var value);
            return Operator switch
            {
                Operator.Exists => has,
                Operator.Absent => !has,
                Operator.In => has && Values.Contains(value!),
                // A missing key also is "not in".
                Operator.NotIn => !has || !Values.Contains(value!),
                _ => has && long.TryParse(value, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var actual)
                    && long.Parse(Values[0], CultureInfo.InvariantCulture) is var bound && (Operator == Operator.Greater ? actual > bound : actual < bound),
            };
        }
    }

    private sealed class Reader(string text)
    {
        private int _at;

        public bool Comma()
        {
            Space();
            if (_at == text.Length)
            {
                return false;
            }
            return text[_at++] == ',' ? true : throw Fault("',' is expected");
        }

        public Requirement Requirement()
        {
            Space();
            var absent = Take("!");
            var key = Word();
            if (Names.LabelKey(key) is { } fault)
            {
                throw Fault($"\"{key}\": {fault}");
            }
            Space();
            if (absent)
            {
                return new Requirement(key, Operator.Absent, []);
            }
            if (_at == text.Length || text[_at] == ',')
            {
                return new Requirement(key, Operator.Exists, []);
            }
            if (Take("!="))
            {
                return new Requirement(key, Operator.NotIn, [Value()]);
            }
            if (Take("==") || Take("="))
            {
                return new Requirement(key, Operator.In, [Value()]);
            }
            if (Take(">"))
            {
                return new Requirement(key, Operator.Greater, [Number()]);
            }
            if (Take("<"))
            {
                return new Requirement(key, Operator.Less, [Number()]);
            }
            var word = Word();
            return word switch
            {
                "in" => new Requirement(key, Operator.In, Set()),
                "notin" => new Requirement(key, Operator.NotIn, Set()),
                _ => throw Fault($"'in', 'notin', '=', '==', '!=', '>' or '<' is expected after \"{key}\""),
            };
        }

        private List<string> Set()
        {
            Space();
            if (!Take("("))
            {
                throw Fault("'(' is expected");
            }
            var values = new List<string>();
            do
            {
                values.Add(Value());
                Space();
            }
            while (Take(","));
            return Take(")") ? values : throw Fault("',' or ')' is expected");
        }

        private string Value()
        {
            Space();
            var value = Word();
            return Names.LabelValue(value) is { } fault ? throw Fault($"\"{value}\": {fault}") : value;
        }

        private string Number()
        {
            var value = Value();
            return long.TryParse(value, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out _) ? value : throw Fault($"\"{value}\" must be a whole number");
        }

        private string Word()
        {
            Space();
            var start = _at;
            while (_at < text.Length && text[_at] is not (',' or '(' or ')' or '=' or '!' or '<' or '>') && !char.IsWhiteSpace(text[_at]))
            {
                _at++;
            }
            return text[start.._at];
        }

        private bool Take(string token)
        {
            if (string.CompareOrdinal(text, _at, token, 0, token.Length) != 0)
            {
                return false;
            }
            _at += token.Length;
            return true;
        }

        private void Space()
        {
            while (_at < text.Length && char.IsWhiteSpace(text[_at]))
            {
                _at++;
            }
        }

        private ApiException Fault(string what) => ApiException.BadRequest($"unable to parse the label selector \"{text}\" at {_at}: {what}");
    }
}
