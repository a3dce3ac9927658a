using System.Collections.Immutable;
using System.Net;
using System.Text.Json.Nodes;

namespace Waggle.Agent.Services;

/// <summary>What of an EndpointSlice the backends of a Service follow from.</summary>
/// <param name="Service">"namespace/name".</param>
/// <param name="Ports">Number by name and protocol of a Service's port.</param>
/// <param name="Addresses">Of endpoints that are ready.</param>
internal sealed record ServiceSlice(string Service, string Name, ImmutableArray<(string Name, byte Protocol, ushort Port)> Ports, ImmutableArray<IPAddress> Addresses)
{
    /// <summary>Null: it belongs to no Service.</summary>
    public static ServiceSlice? Of(JsonObject slice)
    {
        JsonObject? metadata = slice["metadata"] as JsonObject;
        if (ServiceSpec.Text((metadata?["labels"] as JsonObject)?["kubernetes.io/service-name"]) is not { Length: > 0 } service)
        {
            return null;
        }

        var addresses = ImmutableArray.CreateBuilder<IPAddress>();
        foreach (JsonObject endpoint in (slice["endpoints"] as JsonArray ?? []).OfType<JsonObject>().Where(IsReady))
        {
            // All addresses of an endpoint are the same backend: the first stands for it.
            if (IPAddress.TryParse(ServiceSpec.Text((endpoint["addresses"] as JsonArray)?.FirstOrDefault()), out IPAddress? address))
            {
                addresses.Add(address);
            }
        }

        return new ServiceSlice(
            $"{ServiceSpec.Text(metadata?["namespace"])}/{service}", ServiceSpec.Text(metadata?["name"]),
            [.. (slice["ports"] as JsonArray ?? []).OfType<JsonObject>().Select(p => (ServiceSpec.Text(p["name"]), ServicePort.ProtocolOf(p["protocol"]) ?? 0, ServicePort.Number(p["port"]))).Where(p => p.Item2 != 0 && p.Item3 != 0)],
            addresses.ToImmutable());
    }

    /// <summary>Not said means ready.</summary>
    private static bool IsReady(JsonObject endpoint) => !((endpoint["conditions"] as JsonObject)?["ready"] is JsonValue value && value.TryGetValue(out bool ready) && !ready);
}
