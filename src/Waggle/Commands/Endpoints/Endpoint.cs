using System.Text.Json.Nodes;
using Waggle.Commands.Nodes;
using Waggle.Kube.Resources;

namespace Waggle.Commands.Endpoints;

/// <summary>A pod's network identity card, from an agent's table or from the API.</summary>
/// <param name="Node">Address of its node; null when it is this one.</param>
internal sealed record Endpoint(long Id, string Namespace, string Pod, long Identity, IReadOnlyList<string> Labels, string? IPv4, string? IPv6, string State, string? Node, string Ingress, string Egress)
{
    public string Key => Pod.Length == 0 ? $"{Id}" : $"{Namespace}/{Pod}";

    public static Endpoint From(JsonObject row) => new(
        row.Number("id"), row.Text("namespace") ?? "", row.Text("pod") ?? "", row.Number("identity"), row.Texts("labels"), row.Text("ipv4"), row.Text("ipv6"), row.Text("state") ?? "ready", null,
        Enforcement(row.Truth("ingressEnforced"), row.Truth("audit")), Enforcement(row.Truth("egressEnforced"), row.Truth("audit")));

    public static Endpoint From(CiliumEndpoint resource)
    {
        var addresses = resource.Status.Networking?.Addressing ?? [];
        return new Endpoint(
            resource.Status.Id ?? 0, resource.Metadata.Namespace ?? "", resource.Metadata.Name ?? "", resource.Status.Identity?.Id ?? 0, resource.Status.Identity?.Labels ?? [],
            addresses.Select(pair => pair.Ipv4).FirstOrDefault(address => !string.IsNullOrEmpty(address)), addresses.Select(pair => pair.Ipv6).FirstOrDefault(address => !string.IsNullOrEmpty(address)),
            resource.Status.State ?? "", resource.Status.Networking?.Node, Enforcement(resource.Status.Policy?.Ingress), Enforcement(resource.Status.Policy?.Egress));
    }

    public JsonObject ToJson() => new()
    {
        ["id"] = Id, ["namespace"] = Namespace, ["pod"] = Pod, ["identity"] = Identity, ["labels"] = new JsonArray([.. Labels.Select(label => (JsonNode)label)]), ["ipv4"] = IPv4, ["ipv6"] = IPv6, ["state"] = State, ["node"] = Node, ["ingress"] = Ingress, ["egress"] = Egress,
    };

    private static string Enforcement(bool on, bool audit) => !on ? "Disabled" : audit ? "Disabled (Audit)" : "Enabled";

    private static string Enforcement(CiliumEndpointPolicyDirection? direction) => Enforcement(direction is { State: "enforcing" or "non-enforcing" }, direction?.State == "non-enforcing");
}
