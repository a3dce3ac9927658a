using System.Text.Json;
using System.Text.Json.Nodes;

namespace Waggle.Agent.Cni;

/// <summary>The network configuration that a runtime gives the plugin on stdin.</summary>
public sealed class CniConfig
{
    private static readonly string[] Supported = ["0.3.0", "0.3.1", "0.4.0", "1.0.0", "1.1.0"];

    private CniConfig(string version, JsonObject root)
    {
        Version = version;
        Root = root;
    }

    public string Version { get; }

    public string Name => Root["name"] is JsonValue v && v.TryGetValue(out string? name) ? name : "";

    /// <summary>Everything, also what Waggle does not use.</summary>
    public JsonObject Root { get; }

    /// <exception cref="CniException">Not JSON, or a version that is not supported.</exception>
    public static CniConfig Parse(string json)
    {
        JsonObject root;
        try
        {
            root = JsonNode.Parse(json.Length == 0 ? "{}" : json) as JsonObject ?? throw new JsonException("not an object");
        }
        catch (JsonException e)
        {
            throw new CniException(CniErrorCode.Decode, "the network configuration on stdin is not a JSON object", e.Message, e);
        }

        string version = root["cniVersion"] is JsonValue value && value.TryGetValue(out string? text) ? text : "0.3.1";
        return Array.IndexOf(Supported, version) >= 0
            ? new CniConfig(version, root)
            : throw new CniException(CniErrorCode.IncompatibleVersion, $"CNI version {version} is not supported", $"supported: {string.Join(", ", Supported)}");
    }

    /// <summary>The attachments that are still wanted (GC), or null when the call does not say.</summary>
    public IReadOnlySet<(string ContainerId, string IfName)>? ValidAttachments()
    {
        if (Root["cni.dev/valid-attachments"] is not JsonArray list)
        {
            return null;
        }

        var valid = new HashSet<(string, string)>();
        foreach (JsonNode? entry in list)
        {
            if (entry is JsonObject o && o["containerID"] is JsonValue id && id.TryGetValue(out string? container) && o["ifname"] is JsonValue name && name.TryGetValue(out string? ifName))
            {
                valid.Add((container, ifName));
            }
        }

        return valid;
    }
}
