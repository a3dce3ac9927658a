using System.Globalization;
using System.Net;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Waggle.Cli;

namespace Waggle.Commands.Policy;

/// <summary>A Service that was asked for, and where its connections end.</summary>
/// <param name="Name"><c>namespace/name</c>.</param>
/// <param name="Address">The address that clients use; null: there is none (headless), clients get the backends' own.</param>
/// <param name="Backends">Addresses and ports; endpoints that are not ready are left out.</param>
internal sealed record ServiceTarget(string Name, IPAddress? Address, byte Protocol, ushort Port, IReadOnlyList<(IPAddress Address, ushort Port)> Backends);

/// <content>Services by name and address.</content>
internal sealed partial class ClusterPolicies
{
    /// <summary>Finds the Service that a DNS name, an address or <c>namespace/name</c> means; null when it means none. Names of pods go first.</summary>
    /// <param name="name">What the user typed.</param>
    /// <param name="protocol">IP protocol number.</param>
    /// <param name="port">Its port.</param>
    /// <exception cref="CliException">It has no such port.</exception>
    public ServiceTarget? FindService(string name, byte protocol, ushort port)
    {
        Match dns = DnsName().Match(name);
        string[] parts = name.Split('/');
        string? key = dns.Success ? $"{dns.Groups[2].Value}/{dns.Groups[1].Value}"
            : IPAddress.TryParse(name, out IPAddress? asked) ? _serviceObjects.FirstOrDefault(s => AddressesOf(s.Value).Contains(asked.ToString())).Key
            : parts is ["svc" or "service", { } ns, { } service] ? $"{ns}/{service}"
            : parts.Length == 2 && !_endpoints.Exists(e => e.Metadata.Namespace == parts[0] && e.Metadata.Name == parts[1]) ? name : null;
        if (key is null || !_serviceObjects.TryGetValue(key, out JsonObject? found))
        {
            return dns.Success || parts.Length == 3 ? throw new CliException($"there is no Service {key}", "kubectl get services -A shows all.") : null;
        }

        string word = protocol switch { 17 => "UDP", 132 => "SCTP", _ => "TCP" };
        List<JsonObject> ports = [.. (found["spec"]?["ports"] as JsonArray ?? []).OfType<JsonObject>()];
        if (protocol == 0 || ports.Find(p => NumberOf(p["port"]) == port && (Text(p["protocol"]) ?? "TCP") == word) is not { } wanted)
        {
            string offered = string.Join(", ", ports.Select(p => $"{NumberOf(p["port"])}/{(Text(p["protocol"]) ?? "TCP").ToLowerInvariant()}"));
            throw CliException.Usage(protocol == 0 ? $"{name} is the Service {key}: name one of its ports" : $"the Service {key} has no port {port}/{word.ToLowerInvariant()}", $"It has {(offered.Length > 0 ? offered : "none")}: {name}:PORT/PROTOCOL.");
        }

        string portName = Text(wanted["name"]) ?? "";
        var backends = new List<(IPAddress, ushort)>();
        foreach (JsonObject slice in _slices.Where(s => s.Service == key).Select(s => s.Slice))
        {
            JsonObject? at = (slice["ports"] as JsonArray ?? []).OfType<JsonObject>().FirstOrDefault(p => (Text(p["name"]) ?? "") == portName && (Text(p["protocol"]) ?? "TCP") == word);
            if (at is null || NumberOf(at["port"]) is not (> 0 and <= ushort.MaxValue) || NumberOf(at["port"]) is not { } number)
            {
                continue;
            }

            foreach (JsonObject endpoint in (slice["endpoints"] as JsonArray ?? []).OfType<JsonObject>().Where(e => e["conditions"]?["ready"] is not JsonValue ready || !ready.TryGetValue(out bool yes) || yes))
            {
                backends.AddRange((endpoint["addresses"] as JsonArray ?? []).Select(a => IPAddress.TryParse(Text(a), out IPAddress? parsed) ? parsed : null).OfType<IPAddress>().Select(a => (a, (ushort)number)));
            }
        }

        IPAddress? used = IPAddress.TryParse(name, out IPAddress? given) ? given : AddressesOf(found).Select(a => IPAddress.TryParse(a, out IPAddress? parsed) ? parsed : null).FirstOrDefault(a => a is not null);

        // One address stands for one family of backends.
        return new ServiceTarget(key, used, protocol, port, [.. backends.Where(b => used is null || b.Item1.AddressFamily == used.AddressFamily).Distinct()]);
    }

    private static IEnumerable<string> AddressesOf(JsonObject service) =>
        new[] { service["spec"]?["clusterIP"] }.Concat(service["spec"]?["clusterIPs"] as JsonArray ?? []).Concat(service["spec"]?["externalIPs"] as JsonArray ?? [])
            .Concat((service["status"]?["loadBalancer"]?["ingress"] as JsonArray ?? []).Select(i => i?["ip"])).Select(Text).OfType<string>()
            .Select(t => IPAddress.TryParse(t, out IPAddress? a) ? a.ToString() : null).OfType<string>().Distinct();

    private static string? Text(JsonNode? node) => node is JsonValue value && value.TryGetValue(out string? text) ? text : null;

    private static long? NumberOf(JsonNode? node) => node is JsonValue value && long.TryParse(value.ToJsonString(), NumberStyles.None, CultureInfo.InvariantCulture, out long number) ? number : null;

    /// <summary>name.namespace.svc, with whatever domain the cluster has behind it.</summary>
    [GeneratedRegex(@"^([a-z0-9](?:[a-z0-9-]*[a-z0-9])?)\.([a-z0-9](?:[a-z0-9-]*[a-z0-9])?)\.svc(?:\.[a-z0-9.-]+)?$")]
    private static partial Regex DnsName();
}
