using System.Text.Json;
using System.Text.Json.Serialization;

namespace Waggle.Kube.Resources;

/// <summary>A pod template as the user wrote it.</summary>
/// <remarks>
/// The JSON is kept whole, because a controller copies the template into the pods it makes and must not lose fields that
/// Waggle does not model; <see cref="Metadata"/> and <see cref="Spec"/> are a typed view of it.
/// </remarks>
[JsonConverter(typeof(PodTemplateConverter))]
public sealed class PodTemplate
{
    private readonly Lazy<Typed> _typed;

    public PodTemplate(JsonElement json)
    {
        Json = json.Clone();
        _typed = new(() => Json.Deserialize(Kube.Json.KubeJson.TypeInfo<Typed>()) ?? new());
    }

    /// <summary>The template's JSON, immutable.</summary>
    public JsonElement Json { get; }

    public ObjectMeta Metadata => _typed.Value.Metadata ?? ObjectMeta.Empty;

    public PodSpec Spec => _typed.Value.Spec ?? PodSpec.Empty;

    /// <summary>Makes a template from typed parts.</summary>
    public static PodTemplate Create(ObjectMeta metadata, PodSpec spec) =>
        new(JsonSerializer.SerializeToElement(new Typed { Metadata = metadata, Spec = spec }, Kube.Json.KubeJson.TypeInfo<Typed>()));

    internal sealed record Typed
    {
        public ObjectMeta? Metadata { get; init; }

        public PodSpec? Spec { get; init; }
    }
}

internal sealed class PodTemplateConverter : JsonConverter<PodTemplate>
{
    public override PodTemplate Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) => new(JsonElement.ParseValue(ref reader));

    public override void Write(Utf8JsonWriter writer, PodTemplate value, JsonSerializerOptions options) => value.Json.WriteTo(writer);
}
