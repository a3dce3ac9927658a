using System.Globalization;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace Waggle.Kube.Json;

/// <summary>Kubernetes <c>Time</c>: RFC 3339, UTC, whole seconds. Fractions and offsets are accepted when reading.</summary>
public sealed class KubeTimeConverter : JsonConverter<DateTimeOffset>
{
    public override DateTimeOffset Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) => TimeText.Parse(ref reader);

    public override void Write(Utf8JsonWriter writer, DateTimeOffset value, JsonSerializerOptions options) =>
        writer.WriteStringValue(value.UtcDateTime.ToString(TimeText.Seconds, CultureInfo.InvariantCulture));
}

/// <summary>Kubernetes <c>MicroTime</c>: RFC 3339, UTC, microseconds.</summary>
public sealed class MicroTimeConverter : JsonConverter<DateTimeOffset?>
{
    public override DateTimeOffset? Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) =>
        reader.TokenType == JsonTokenType.Null ? null : TimeText.Parse(ref reader);

    public override void Write(Utf8JsonWriter writer, DateTimeOffset? value, JsonSerializerOptions options)
    {
        if (value is { } time)
        {
            writer.WriteStringValue(time.UtcDateTime.ToString(TimeText.Micros, CultureInfo.InvariantCulture));
        }
        else
        {
            writer.WriteNullValue();
        }
    }
}

internal static class TimeText
{
    internal const string Seconds = "yyyy-MM-dd'T'HH:mm:ss'Z'";
    internal const string Micros = "yyyy-MM-dd'T'HH:mm:ss.ffffff'Z'";

    internal static DateTimeOffset Parse(ref Utf8JsonReader reader)
    {
        var text = reader.GetString();
        return DateTimeOffset.TryParse(text, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal | DateTimeStyles.AdjustToUniversal, out var time)
            ? time
            : throw new JsonException($"'{text}' is not an RFC 3339 time.");
    }
}
