using System.Collections.Immutable;
using System.Net;
using System.Net.Sockets;
using System.Text.Json.Nodes;

namespace Waggle.Agent.Services;

/// <summary>What of a Service object its frontends follow from. What makes no sense in it is left out.</summary>
internal sealed record ServiceSpec(
    string Namespace, string Name, string InternalPolicy, string ExternalPolicy, ImmutableArray<ServicePort> Ports, ImmutableArray<(string Type, IPAddress Address)> Addresses, bool HasNodePorts)
{
    /// <summary>Frontends of one Service; an object with more (external IPs × ports) shows only the first.</summary>
    public const int MaxFrontends = 1024;

    public string Key => $"{Namespace}/{Name}";

    /// <summary>Reads a Service; a headless one, or an alias of a DNS name, has no address of its own.</summary>
    public static ServiceSpec Of(JsonObject service)
    {
        JsonObject? metadata = service["metadata"] as JsonObject, spec = service["spec"] as JsonObject;
        string type = Text(spec?["type"], "ClusterIP");
        var addresses = ImmutableArray.CreateBuilder<(string, IPAddress)>();
        if (type != "ExternalName")
        {
            Add("ClusterIP", spec?["clusterIPs"] is JsonArray { Count: > 0 } all ? all : [spec?["clusterIP"]?.DeepClone()]);
            Add("ExternalIPs", spec?["externalIPs"] as JsonArray ?? []);
        }

        if (type == "LoadBalancer")
        {
            Add("LoadBalancer", (service["status"]?["loadBalancer"]?["ingress"] as JsonArray ?? []).Select(i => (i as JsonObject)?["ip"]));
        }

        bool outside = type is "NodePort" or "LoadBalancer" || addresses.Any(a => a.Item1 == "ExternalIPs");
        return new ServiceSpec(
            Text(metadata?["namespace"]), Text(metadata?["name"]), Text(spec?["internalTrafficPolicy"], "Cluster"), outside ? Text(spec?["externalTrafficPolicy"], "Cluster") : "",
            [.. (spec?["ports"] as JsonArray ?? []).Select(p => ServicePort.Of(p as JsonObject)).OfType<ServicePort>()], [.. addresses.Distinct()], type is "NodePort" or "LoadBalancer");

        void Add(string kind, IEnumerable<JsonNode?> texts)
        {
            foreach (JsonNode? text in texts)
            {
                if (IPAddress.TryParse(Text(text), out IPAddress? address))
                {
                    addresses.Add((kind, address));
                }
            }
        }
    }

    /// <summary>Where it is reached, seen from a node with these addresses.</summary>
    public IEnumerable<(string Type, ServicePort Port, FrontendAddress Frontend)> Frontends(IReadOnlyList<IPAddress> node) =>
        Ports.SelectMany(p => Addresses.Select(a => (a.Type, p, new FrontendAddress(a.Address, p.Port, p.Protocol)))
            .Concat(HasNodePorts && p.NodePort != 0 ? node.Where(n => Addresses.Any(a => a.Address.AddressFamily == n.AddressFamily)).Select(n => ("NodePort", p, new FrontendAddress(n, p.NodePort, p.Protocol))) : []))
            .DistinctBy(f => f.Item3).Take(MaxFrontends);

    internal static string Text(JsonNode? node, string otherwise = "") => node is JsonValue value && value.TryGetValue(out string? text) && text.Length > 0 ? text : otherwise;
}

/// <summary>A port of a Service.</summary>
/// <param name="Protocol">IP protocol.</param>
/// <param name="NodePort">0: none.</param>
internal sealed record ServicePort(string Name, byte Protocol, ushort Port, ushort NodePort)
{
    public static ServicePort? Of(JsonObject? port) =>
        ProtocolOf(port?["protocol"]) is { } protocol && Number(port?["port"]) is > 0 and var number ? new ServicePort(ServiceSpec.Text(port?["name"]), protocol, number, Number(port?["nodePort"])) : null;

    /// <summary>Null: none that has ports.</summary>
    public static byte? ProtocolOf(JsonNode? node) => ServiceSpec.Text(node, "TCP") switch { "TCP" => (byte)ProtocolType.Tcp, "UDP" => (byte)ProtocolType.Udp, "SCTP" => 132, _ => null };

    /// <summary>0: not a port.</summary>
    public static ushort Number(JsonNode? node) => node is JsonValue value && value.TryGetValue(out long number) && number is > 0 and <= ushort.MaxValue ? (ushort)number : (ushort)0;
}
