using System.Text.Json;
using System.Text.Json.Nodes;
using Waggle.Hosting.Config;

namespace Waggle.Agent.Config;

/// <summary>
/// The configuration that was last accepted, kept on the node: an agent that restarts while somebody has written nonsense into the
/// ConfigMap goes on with it, instead of leaving the node without an agent.
/// </summary>
public static class LastGoodConfig
{
    private const string FileName = "config.json";

    /// <summary>The file in the agent's state directory; a state directory named by values that were refused counts when it is usable.</summary>
    public static string PathFor(WaggleConfig config) => Path.Combine(config["state-dir"], FileName);

    /// <summary>Replaces the file in one step.</summary>
    /// <exception cref="IOException">The disk refuses.</exception>
    public static void Save(string path, WaggleConfig config)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        var values = new JsonObject(config.Values.Select(v => KeyValuePair.Create(v.Key, (JsonNode?)JsonValue.Create(v.Value))));
        File.WriteAllText(path + ".new", values.ToJsonString());
        File.Move(path + ".new", path, overwrite: true);
    }

    /// <summary>The last accepted configuration; null where there is none, it is damaged, or this version does not accept it.</summary>
    public static WaggleConfig? TryLoad(string path)
    {
        try
        {
            if (!File.Exists(path) || JsonNode.Parse(File.ReadAllText(path)) is not JsonObject values)
            {
                return null;
            }

            var config = WaggleConfig.Parse(values.Select(v => KeyValuePair.Create(v.Key, v.Value?.ToString() ?? "")), out IReadOnlyList<string> problems, out _);
            return problems.Count == 0 ? config : null;
        }
        catch (Exception e) when (e is JsonException or IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }
}
