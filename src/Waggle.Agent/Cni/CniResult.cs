using System.Net;
using System.Net.Sockets;
using System.Text.Json.Nodes;

namespace Waggle.Agent.Cni;

/// <summary>What a successful ADD prints, in the shape of the version the runtime asked for.</summary>
public sealed record CniResult
{
    /// <summary>Host side of the pair.</summary>
    public required string HostName { get; init; }

    public required string HostMac { get; init; }

    /// <summary>Pod side of the pair.</summary>
    public required string PodName { get; init; }

    public required string PodMac { get; init; }

    public required string Sandbox { get; init; }

    public required int Mtu { get; init; }

    /// <summary>Each with its gateway, the router address of the node.</summary>
    public required IReadOnlyList<(IPAddress Address, IPAddress Gateway)> Addresses { get; init; }

    public string ToJson(string version)
    {
        bool lengths = version is "1.1.0";
        var ips = new JsonArray();
        var routes = new JsonArray();
        foreach ((IPAddress address, IPAddress gateway) in Addresses)
        {
            bool v4 = address.AddressFamily == AddressFamily.InterNetwork;
            var ip = new JsonObject { ["address"] = $"{address}/{(v4 ? 32 : 128)}", ["gateway"] = gateway.ToString(), ["interface"] = 1 };
            if (version.StartsWith("0.", StringComparison.Ordinal))
            {
                ip["version"] = v4 ? "4" : "6";
            }

            ips.Add((JsonNode)ip);
            routes.Add((JsonNode)new JsonObject { ["dst"] = v4 ? "0.0.0.0/0" : "::/0", ["gw"] = gateway.ToString() });
        }

        var result = new JsonObject
        {
            ["cniVersion"] = version,
            ["interfaces"] = new JsonArray(
                Interface(HostName, HostMac, null, lengths),
                Interface(PodName, PodMac, Sandbox, lengths)),
            ["ips"] = ips,
            ["routes"] = routes,
            ["dns"] = new JsonObject(),
        };
        return result.ToJsonString() + "\n";
    }

    public static string Error(string version, CniException e)
    {
        var error = new JsonObject { ["cniVersion"] = version, ["code"] = e.Code, ["msg"] = e.Message };
        if (e.Details.Length > 0)
        {
            error["details"] = e.Details;
        }

        return error.ToJsonString() + "\n";
    }

    private JsonObject Interface(string name, string mac, string? sandbox, bool lengths)
    {
        var o = new JsonObject { ["name"] = name, ["mac"] = mac };
        if (sandbox is not null)
        {
            o["sandbox"] = sandbox;
        }

        if (lengths)
        {
            o["mtu"] = Mtu;
        }

        return o;
    }
}
