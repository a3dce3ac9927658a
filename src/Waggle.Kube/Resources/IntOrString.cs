using System.Globalization;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace Waggle.Kube.Resources;

/// <summary>A number, or a text such as <c>25%</c> or a port's name.</summary>
[JsonConverter(typeof(IntOrStringConverter))]
public readonly record struct IntOrString
{
    public IntOrString(int value) => Number = value;

    public IntOrString(string text) => Text = text;

    public int Number { get; }

    /// <summary>The text; null when it is a number.</summary>
    public string? Text { get; }

    /// <summary>The number, or the percentage of <paramref name="total"/>.</summary>
    /// <exception cref="FormatException">The text is neither a number nor a percentage.</exception>
    public int Of(int total, bool roundUp)
    {
        if (Text is null)
        {
            return Number;
        }

        if (Text.EndsWith('%') && int.TryParse(Text.AsSpan(0, Text.Length - 1), NumberStyles.None, CultureInfo.InvariantCulture, out var percent))
        {
            var exact = (long)percent * total;
            return (int)((exact + (roundUp ? 99 : 0)) / 100);
        }

        return int.TryParse(Text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var number)
            ? number
            : throw new FormatException($"'{Text}' is neither a number nor a percentage such as 25%.");
    }

    public override string ToString() => Text ?? Number.ToString(CultureInfo.InvariantCulture);

    public static implicit operator IntOrString(int value) => new(value);

    public static implicit operator IntOrString(string text) => new(text);
}

internal sealed class IntOrStringConverter : JsonConverter<IntOrString>
{
    public override IntOrString Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) =>
        reader.TokenType == JsonTokenType.Number ? new IntOrString(reader.GetInt32()) : new IntOrString(reader.GetString() ?? "");

    public override void Write(Utf8JsonWriter writer, IntOrString value, JsonSerializerOptions options)
    {
        if (value.Text is null)
        {
            writer.WriteNumberValue(value.Number);
        }
        else
        {
            writer.WriteStringValue(value.Text);
        }
    }
}
