using System.Text.Json;

namespace Waggle.Policy.Rules.Parsing;

/// <summary>A value in an object with where it stands. Wrong types are reported where they are met, and read as absent.</summary>
internal readonly struct Field
{
    private readonly JsonElement _value;
    private readonly ProblemList _problems;

    public Field(JsonElement value, string path, string pointer, ProblemList problems)
    {
        _value = value;
        Path = path;
        Pointer = pointer;
        _problems = problems;
    }

    public string Path { get; }

    public string Pointer { get; }

    /// <summary>False for what is missing and for null.</summary>
    public bool Exists => _value.ValueKind is not (JsonValueKind.Undefined or JsonValueKind.Null);

    public JsonValueKind Kind => _value.ValueKind;

    public Field this[string name]
    {
        get
        {
            string path = Path.Length == 0 ? name : $"{Path}.{name}", pointer = $"{Pointer}/{Escape(name)}";
            JsonElement value = default;
            _ = _value.ValueKind == JsonValueKind.Object && _value.TryGetProperty(name, out value);
            return new Field(value, path, pointer, _problems);
        }
    }

    public void Error(string message) => _problems.Error(this, message);

    public void Warn(string message) => _problems.Warn(this, message);

    /// <summary>True for an object; anything else that exists is reported.</summary>
    public bool IsObject() => Is(JsonValueKind.Object, "an object");

    /// <summary>The entries of a list; null when there is no list.</summary>
    public List<Field>? Items(int most = int.MaxValue)
    {
        if (!Is(JsonValueKind.Array, "a list"))
        {
            return null;
        }

        if (_value.GetArrayLength() > most)
        {
            Error($"has {_value.GetArrayLength()} entries; at most {most} are allowed");
            return [];
        }

        var items = new List<Field>();
        foreach (JsonElement item in _value.EnumerateArray())
        {
            items.Add(new Field(item, $"{Path}[{items.Count}]", $"{Pointer}/{items.Count}", _problems));
        }

        return items;
    }

    /// <summary>The members of an object, in its order.</summary>
    public List<(string Name, Field Value)> Members()
    {
        var members = new List<(string, Field)>();
        if (IsObject())
        {
            foreach (JsonProperty member in _value.EnumerateObject())
            {
                members.Add((member.Name, new Field(member.Value, $"{Path}[{member.Name}]", $"{Pointer}/{Escape(member.Name)}", _problems)));
            }
        }

        return members;
    }

    /// <summary>The text; null when there is none.</summary>
    public string? Text() => Is(JsonValueKind.String, "a text") ? _value.GetString() : null;

    /// <summary>The flag; null when there is none.</summary>
    public bool? Flag()
    {
        if (!Exists)
        {
            return null;
        }

        if (_value.ValueKind is JsonValueKind.True or JsonValueKind.False)
        {
            return _value.GetBoolean();
        }

        Error("must be true or false");
        return null;
    }

    /// <summary>The whole number; null when there is none.</summary>
    public long? Number()
    {
        if (!Is(JsonValueKind.Number, "a number"))
        {
            return null;
        }

        if (_value.TryGetInt64(out long number))
        {
            return number;
        }

        Error("must be a whole number");
        return null;
    }

    /// <summary>Reports members that are none of the known: a misspelt restriction must not be a restriction less.</summary>
    public void Only(params ReadOnlySpan<string> known)
    {
        if (_value.ValueKind != JsonValueKind.Object)
        {
            return;
        }

        foreach (JsonProperty member in _value.EnumerateObject())
        {
            if (!known.Contains(member.Name))
            {
                this[member.Name].Error("unknown field");
            }
        }
    }

    private bool Is(JsonValueKind kind, string what)
    {
        if (_value.ValueKind == kind)
        {
            return true;
        }

        if (Exists)
        {
            Error($"must be {what}");
        }

        return false;
    }

    private static string Escape(string name) => name.Replace("~", "~0", StringComparison.Ordinal).Replace("/", "~1", StringComparison.Ordinal);
}
