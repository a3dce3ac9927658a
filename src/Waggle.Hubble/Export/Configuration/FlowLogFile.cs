using System.Globalization;
using System.Text.Json.Nodes;
using Waggle.Hosting.Config;
using Waggle.Kube.Json;
using YamlDotNet.Core;

namespace Waggle.Hubble.Export.Configuration;

/// <summary>The file <c>flowlogs.yaml</c> of the ConfigMap <c>cilium-flowlog-config</c>.</summary>
public static class FlowLogFile
{
    private static readonly string[] Keys =
        ["name", "filePath", "fieldMask", "fieldAggregate", "includeFilters", "excludeFilters", "end", "aggregation", "aggregationInterval", "fileMaxSizeMb", "fileMaxBackups", "fileCompress"];

    /// <summary>Reads the whole file: all of it is good, or none of it is used.</summary>
    /// <exception cref="FlowLogException">Something cannot be used; the message says what and where.</exception>
    public static IReadOnlyList<FlowLog> Parse(string yaml)
    {
        JsonObject? root;
        try
        {
            root = KubeYaml.ReadAll(yaml).FirstOrDefault();
        }
        catch (Exception wrong) when (wrong is YamlException or InvalidCastException or FormatException or InvalidOperationException)
        {
            throw new FlowLogException($"no YAML mapping: {wrong.Message}");
        }

        if (root?["flowLogs"] is not { } list)
        {
            return [];
        }

        if (list is not JsonArray items)
        {
            throw new FlowLogException("flowLogs must be a list");
        }

        var logs = new List<FlowLog>();
        for (int i = 0; i < items.Count; i++)
        {
            FlowLog log = One(items[i] as JsonObject ?? throw new FlowLogException($"flowLogs[{i}] must be a mapping"), $"flowLogs[{i}]");
            if (logs.Any(known => known.Name == log.Name))
            {
                throw new FlowLogException($"flowLogs[{i}].name: \"{log.Name}\" stands twice");
            }

            if (log.FilePath != "stdout" && logs.FirstOrDefault(known => known.FilePath == log.FilePath) is { } other)
            {
                throw new FlowLogException($"flowLogs[{i}].filePath: \"{log.FilePath}\" is \"{other.Name}\"'s already");
            }

            logs.Add(log);
        }

        return logs;
    }

    private static FlowLog One(JsonObject item, string where)
    {
        foreach ((string key, _) in item)
        {
            if (!Keys.Contains(key))
            {
                throw new FlowLogException($"{where} has an unknown key \"{key}\"{(NearestName.Find(key, Keys) is { } near ? $"; did you mean \"{near}\"?" : "")}");
            }
        }

        string name = Text(item, "name"), path = Text(item, "filePath");
        if (name.Length == 0 || path.Length == 0)
        {
            throw new FlowLogException($"{where}.{(name.Length == 0 ? "name" : "filePath")} is missing");
        }

        where = $"flowLog \"{name}\"";
        return new FlowLog(name, path)
        {
            FieldMask = List(item, "fieldMask", where),
            FieldAggregate = List(item, "fieldAggregate", where),
            Include = Guard($"{where}: includeFilters", () => FilterTexts.ParseList(item["includeFilters"])),
            Exclude = Guard($"{where}: excludeFilters", () => FilterTexts.ParseList(item["excludeFilters"])),
            End = Text(item, "end") is not { Length: > 0 } end ? null
                : DateTimeOffset.TryParse(end, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out DateTimeOffset time) ? time
                : throw new FlowLogException($"{where}: end \"{end}\" is no time such as 2006-01-02T15:04:05Z"),
            Aggregation = Text(item, "aggregation") switch
            {
                "" or "none" => AggregationLevel.None,
                "connection" => AggregationLevel.Connection,
                "identity" => AggregationLevel.Identity,
                var other => throw new FlowLogException($"{where}: aggregation \"{other}\" is not none, connection or identity"),
            },
            AggregationInterval = Text(item, "aggregationInterval") is not { Length: > 0 } interval ? TimeSpan.FromSeconds(30)
                : ConfigDuration.TryParse(interval, out TimeSpan span) && span >= TimeSpan.Zero ? span
                : throw new FlowLogException($"{where}: aggregationInterval \"{interval}\" is no duration such as 30s"),
            MaxSizeMb = Number(item, "fileMaxSizeMb", where),
            MaxBackups = Number(item, "fileMaxBackups", where),
            Compress = Text(item, "fileCompress") switch { "" => null, "true" => true, "false" => false, var other => throw new FlowLogException($"{where}: fileCompress \"{other}\" is not true or false") },
        };
    }

    private static string[] List(JsonObject item, string key, string where) => item[key] switch
    {
        null => [],
        JsonArray fields => [.. fields.Select(field => field?.ToString() ?? "")],
        _ => throw new FlowLogException($"{where}: {key} must be a list"),
    };

    private static string Text(JsonObject item, string key) => item[key] is JsonValue value ? value.ToString() : "";

    private static int? Number(JsonObject item, string key, string where) => Text(item, key) is not { Length: > 0 } text ? null
        : int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out int number) ? number
        : throw new FlowLogException($"{where}: {key} \"{text}\" is no number");

    private static T Guard<T>(string where, Func<T> read)
    {
        try
        {
            return read();
        }
        catch (FormatException wrong)
        {
            throw new FlowLogException($"{where}: {wrong.Message}");
        }
    }
}
