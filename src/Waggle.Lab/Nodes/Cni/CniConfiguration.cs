using System.Text.Json;
using System.Text.Json.Nodes;

namespace Waggle.Lab.Nodes.Cni;

/// <summary>A list of plugins to call for each pod (CNI specification 1.0, section 1).</summary>
/// <param name="Name">The network's name.</param>
/// <param name="Version">The specification's version that the plugins are spoken to in.</param>
/// <param name="Plugins">Their configurations, in the order of ADD.</param>
internal sealed record CniConfiguration(string Name, string Version, IReadOnlyList<JsonObject> Plugins)
{
    private static readonly string[] Extensions = [".conflist", ".conf", ".json"];

    /// <summary>The first valid configuration of a directory by name, or null. Files that are not valid are reported and passed over.</summary>
    public static CniConfiguration? Find(string directory, Action<string, string>? invalid = null)
    {
        if (!Directory.Exists(directory))
            return null;
        foreach (string file in Directory.EnumerateFiles(directory).Where(file => Extensions.Contains(Path.GetExtension(file))).Order(StringComparer.Ordinal))
        {
            try
            {
                return Parse(File.ReadAllText(file));
            }
            catch (Exception e) when (e is FormatException or JsonException or IOException)
            {
                invalid?.Invoke(file, e.Message);
            }
        }
        return null;
    }

    /// <exception cref="FormatException">Not a network configuration.</exception>
    /// <exception cref="JsonException">Not JSON.</exception>
    public static CniConfiguration Parse(string text)
    {
        if (JsonNode.Parse(text) is not JsonObject root)
            throw new FormatException("the configuration is not an object");
        string name = Text(root, "name") ?? throw new FormatException("the configuration has no name");
        string version = Text(root, "cniVersion") ?? "0.2.0";
        JsonNode? plugins = root["plugins"];
        List<JsonObject> list = plugins is null ? [root.DeepClone().AsObject()] : [.. (plugins as JsonArray ?? throw new FormatException("'plugins' is not a list"))
            .Select(plugin => plugin as JsonObject ?? throw new FormatException("a plugin is not an object"))];
        if (list.Count == 0)
            throw new FormatException("the configuration has no plugins");
        foreach (JsonObject plugin in list)
        {
            // The type is a file name in the plugin directory, nothing else.
            if (Text(plugin, "type") is not { Length: > 0 } type || type.Contains('/') || type is "." or "..")
                throw new FormatException("a plugin has no valid type");
        }
        return new CniConfiguration(name, version, list);
    }

    private static string? Text(JsonObject from, string key) => from[key] is JsonValue value && value.TryGetValue(out string? text) ? text : null;
}
