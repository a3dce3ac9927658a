using System.Text.Json.Nodes;

namespace Waggle.Lab.ApiServer;

/// <summary>Faults found in an object, each with the path of its field, in the wording of Kubernetes' field errors.</summary>
public sealed class FieldErrors
{
    // A hostile object must not make an answer larger than itself.
    private const int Limit = 64;
    private const int MaxShown = 200;

    private readonly List<(string Reason, string Path, string Text)> _items = [];

    /// <summary>What the CEL rules of the object may cost together.</summary>
    internal RuleBudget RuleBudget { get; init; } = new();

    public int Count => _items.Count;

    public bool Any => _items.Count > 0;

    public void Required(string path, string detail = "") => Add("FieldValueRequired", path, detail.Length == 0 ? "Required value" : $"Required value: {detail}");

    /// <param name="path">The field.</param>
    /// <param name="value">The value as written; null is shown as <c>null</c>.</param>
    /// <param name="detail">What is wrong with it.</param>
    public void Invalid(string path, JsonNode? value, string detail) => Add("FieldValueInvalid", path, $"Invalid value: {Quote(value)}: {detail}");

    public void Invalid(string path, string value, string detail) => Add("FieldValueInvalid", path, $"Invalid value: {Quote(value)}: {detail}");

    public void WrongType(string path, JsonNode? value, string detail) => Add("FieldValueTypeInvalid", path, $"Invalid value: {Quote(value)}: {detail}");

    public void NotSupported(string path, JsonNode? value, IEnumerable<string> supported) =>
        Add("FieldValueNotSupported", path, $"Unsupported value: {Quote(value)}: supported values: {string.Join(", ", supported.Select(s => $"\"{s}\""))}");

    public void Duplicate(string path, JsonNode? value) => Add("FieldValueDuplicate", path, $"Duplicate value: {Quote(value)}");

    public void NotFound(string path, string value) => Add("FieldValueNotFound", path, $"Not found: {Quote(value)}");

    public void Forbidden(string path, string detail) => Add("FieldValueForbidden", path, $"Forbidden: {detail}");

    public void TooLong(string path, int max) => Add("FieldValueTooLong", path, $"Too long: must have at most {max} bytes");

    public void TooMany(string path, int actual, int max) => Add("FieldValueTooMany", path, $"Too many: {actual}: must have at most {max} items");

    internal JsonArray Causes()
    {
        var causes = new JsonArray();
        foreach (var (reason, path, text) in _items)
        {
            causes.Add((JsonNode)new JsonObject { ["reason"] = reason, ["message"] = text, ["field"] = path });
        }
        return causes;
    }

    /// <summary>One error as it is; several in brackets.</summary>
    public string Summary()
    {
        var lines = _items.Select(i => $"{i.Path}: {i.Text}").Distinct().ToList();
        return lines.Count == 1 ? lines[0] : $"[{string.Join(", ", lines)}]";
    }

    private void Add(string reason, string path, string text)
    {
        if (_items.Count < Limit)
        {
            _items.Add((reason, path.Length == 0 ? "<nil>" : path, text));
        }
    }

    private static string Quote(JsonNode? value)
    {
        var text = J.Kind(value) == System.Text.Json.JsonValueKind.String ? $"\"{J.Show(value)}\"" : J.Show(value);
        return text.Length <= MaxShown ? text : string.Concat(text.AsSpan(0, MaxShown), "…");
    }
}
