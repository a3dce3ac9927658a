using System.Text.Json;
using System.Text.Json.Nodes;

namespace Waggle.Agent.Cni;

/// <summary>One call of the plugin, as the forwarder sends it.</summary>
public sealed record CniRequest
{
    public required string Command { get; init; }

    public string ContainerId { get; init; } = "";

    public string IfName { get; init; } = "";

    public string Args { get; init; } = "";

    /// <summary>CNI_NETNS as the runtime wrote it; the namespace itself comes as a descriptor.</summary>
    public string Netns { get; init; } = "";

    public required CniConfig Config { get; init; }

    /// <summary>Reads the forwarder's JSON.</summary>
    /// <exception cref="CniException">It is not what a forwarder sends, or the network configuration in it is bad.</exception>
    public static CniRequest Parse(ReadOnlySpan<byte> json)
    {
        JsonObject root;
        try
        {
            root = JsonNode.Parse(json) as JsonObject ?? throw new JsonException("not an object");
        }
        catch (JsonException e)
        {
            throw new CniException(CniErrorCode.Decode, "the plugin's request is not JSON", e.Message, e);
        }

        return new CniRequest
        {
            Command = Text(root, "command"),
            ContainerId = Text(root, "containerId"),
            IfName = Text(root, "ifName"),
            Args = Text(root, "args"),
            Netns = Text(root, "netns"),
            Config = CniConfig.Parse(Text(root, "config")),
        };
    }

    /// <summary>Checks what the specification asks of the names, so that they can be parts of paths and device names.</summary>
    /// <exception cref="CniException">A name is missing or not allowed.</exception>
    public void CheckAttachment()
    {
        if (!IsContainerId(ContainerId))
        {
            throw new CniException(CniErrorCode.InvalidEnvironment, "CNI_CONTAINERID must start with a letter or digit and hold only letters, digits, _ . -", $"CNI_CONTAINERID=\"{ContainerId}\"");
        }

        if (IfName.Length is 0 or > 15 || IfName is "." or ".." || IfName.AsSpan().ContainsAny("/: \t\n"))
        {
            throw new CniException(CniErrorCode.InvalidEnvironment, "CNI_IFNAME must be a device name of 1 to 15 characters without / : or spaces", $"CNI_IFNAME=\"{IfName}\"");
        }
    }

    private static bool IsContainerId(string id) =>
        id.Length is > 0 and <= 253 && char.IsAsciiLetterOrDigit(id[0]) && id.All(c => char.IsAsciiLetterOrDigit(c) || c is '_' or '.' or '-');

    private static string Text(JsonObject root, string name) => root[name] is JsonValue value && value.TryGetValue(out string? text) ? text : "";
}
