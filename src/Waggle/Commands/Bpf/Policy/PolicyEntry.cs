using System.Text.Json.Nodes;
using Waggle.Datapath.Abi;

namespace Waggle.Commands.Bpf.Policy;

/// <summary>One line of a compiled policy: what happens to traffic of these peers at this port.</summary>
/// <param name="Identities">The peers; empty: all that have no line of their own.</param>
/// <param name="Port">E.g. <c>80/TCP</c>, <c>8080-8087/TCP</c>, <c>ANY</c>.</param>
/// <param name="Prefix">Bits of the port that count; -1 for lines about no port.</param>
internal sealed record PolicyEntry(string Direction, byte Decision, byte Shadow, IReadOnlyList<uint> Identities, string Port, int Prefix, ushort ProxyPort, uint Rule, ulong Packets, ulong Bytes)
{
    public string Policy => (Decision & 0x0f) switch { (int)PolicyAction.Deny => "Deny", (int)PolicyAction.Redirect => "Redirect", _ => "Allow" };

    public string ShadowPolicy => Shadow == Decision ? "" : (Shadow & 0x0f) == (int)PolicyAction.Deny ? "Deny" : "Allow";

    public JsonObject ToJson() => new()
    {
        ["policy"] = Policy, ["direction"] = Direction, ["identities"] = new JsonArray([.. Identities.Select(i => (JsonNode)i)]), ["port"] = Port, ["prefix"] = Prefix < 0 ? null : Prefix,
        ["proxyPort"] = ProxyPort, ["rule"] = Rule, ["onTrial"] = ShadowPolicy.Length > 0 ? ShadowPolicy : null, ["packets"] = Packets, ["bytes"] = Bytes,
    };

    /// <summary>A prefix of ports as people write it.</summary>
    public static string PortText(byte protocol, byte prefixLength, ushort port)
    {
        var name = Conntrack.ConntrackRow.ProtocolName(protocol);
        return prefixLength switch
        {
            0 => name,
            16 => $"{port}/{name}",
            _ => $"{port}-{port | (0xffff >> prefixLength)}/{name}",
        };
    }
}
