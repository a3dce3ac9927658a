using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using Waggle.Policy.Rules;

namespace Waggle.Agent.Policy;

/// <summary>Policies on probation and what held before, kept on disk: an agent that is killed meanwhile still knows what to go back to.</summary>
/// <remarks>Written before the policy is in force, in one step. Not thread-safe: owned by <see cref="PolicySource"/>.</remarks>
internal sealed class ProbationBook(string path)
{
    private const int MaxBytes = 64 * 1024 * 1024;
    private readonly Dictionary<string, (PolicyRow? Before, DateTimeOffset Until)> _entries = new(StringComparer.Ordinal);

    /// <summary>What went wrong with the file the last time; empty: nothing.</summary>
    public string Problem { get; private set; } = "";

    public IReadOnlyCollection<string> Keys => _entries.Keys;

    /// <summary>What held before (null: nothing) and when that comes back.</summary>
    public bool TryGet(string key, out (PolicyRow? Before, DateTimeOffset Until) probation) => _entries.TryGetValue(key, out probation);

    /// <summary>Begins a probation, or changes its end: what held before its beginning stays.</summary>
    public void Set(string key, PolicyRow? before, DateTimeOffset until)
    {
        bool known = _entries.TryGetValue(key, out (PolicyRow? Before, DateTimeOffset Until) present);
        if (known && present.Until == until)
        {
            return;
        }

        _entries[key] = (known ? present.Before : before, until);
        Save();
    }

    /// <summary>Somebody confirmed, or the policy is gone.</summary>
    public void Remove(string key)
    {
        if (_entries.Remove(key))
        {
            Save();
        }
    }

    /// <summary>Reads what an earlier agent left; a damaged file counts as none.</summary>
    /// <param name="tellsNodesApart">The configuration has <c>enable-node-selector-labels</c>.</param>
    public void Load(bool tellsNodesApart)
    {
        try
        {
            var file = new FileInfo(path);
            if (!file.Exists)
            {
                return;
            }

            if (file.Length > MaxBytes)
            {
                Problem = $"{path} is larger than {MaxBytes} bytes";
                return;
            }

            foreach (JsonNode? entry in JsonNode.Parse(File.ReadAllText(path))?["probations"] as JsonArray ?? [])
            {
                if ((string?)entry?["policy"] is { } key && DateTimeOffset.TryParse((string?)entry["until"], CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out DateTimeOffset until))
                {
                    PolicyRow? before = entry["before"] is JsonObject document && Enum.TryParse((string?)document["kind"], out PolicyKind kind) ? PolicySource.Read(kind, document, "k8s", tellsNodesApart) : null;
                    _entries[key] = (before is null || before.Key == key ? before : null, until);
                }
            }
        }
        catch (Exception e) when (e is JsonException or IOException or UnauthorizedAccessException or InvalidOperationException or FormatException)
        {
            Problem = $"{path} cannot be used: {e.Message}";
            _entries.Clear();
        }
    }

    private void Save()
    {
        var all = new JsonArray([.. _entries.Select(e => (JsonNode)new JsonObject { ["policy"] = e.Key, ["until"] = e.Value.Until.ToString("O"), ["before"] = Document(e.Value.Before) })]);
        try
        {
            if (all.Count == 0)
            {
                File.Delete(path);
            }
            else
            {
                Directory.CreateDirectory(Path.GetDirectoryName(path)!);
                File.WriteAllText(path + ".new", new JsonObject { ["probations"] = all }.ToJsonString());
                File.Move(path + ".new", path, overwrite: true);
            }

            Problem = "";
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            Problem = $"{path} cannot be written, a restart of the agent would forget what to go back to: {e.Message}";
        }
    }

    /// <summary>An object that says what the row was read from.</summary>
    private static JsonObject? Document(PolicyRow? row)
    {
        if (row is null)
        {
            return null;
        }

        PolicyKey key = row.Parsed.Key;
        var metadata = new JsonObject { ["name"] = key.Name, ["uid"] = row.Parsed.Uid, ["generation"] = row.Parsed.Generation };
        if (key.Namespace.Length > 0)
        {
            metadata["namespace"] = key.Namespace;
        }

        if (row.Parsed.IsOnTrial)
        {
            metadata["annotations"] = new JsonObject { [PolicyParser.ModeAnnotation] = PolicyParser.TrialMode };
        }

        JsonArray rules = JsonNode.Parse(row.Text) as JsonArray ?? [];
        var document = new JsonObject { ["kind"] = key.Kind.ToString(), ["metadata"] = metadata };
        (string name, JsonNode? value) = rules.Count == 1 ? ("spec", rules[0]?.DeepClone()) : ("specs", rules);
        document[name] = value;
        return document;
    }
}
