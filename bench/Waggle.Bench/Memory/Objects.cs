using System.Globalization;
using System.Text.Json.Nodes;
using Waggle.Kube.Client;

namespace Waggle.Bench.Memory;

/// <summary>What other nodes publish, as they write it.</summary>
internal static class Objects
{
    private const int FirstIdentity = 1_000; // cluster identities end at 65,535

    internal static ResourceType<JsonObject> Identities { get; } = ResourceType.Untyped("cilium.io", "v2", "ciliumidentities", "CiliumIdentity", false);

    internal static ResourceType<JsonObject> Endpoints { get; } = ResourceType.Untyped("cilium.io", "v2", "ciliumendpoints", "CiliumEndpoint", true);

    internal static ResourceType<JsonObject> Nodes { get; } = ResourceType.Untyped("cilium.io", "v2", "ciliumnodes", "CiliumNode", false);

    internal static JsonObject Identity(int i) => new()
    {
        ["metadata"] = new JsonObject { ["name"] = Text($"{FirstIdentity + i}") },
        ["security-labels"] = new JsonObject
        {
            ["k8s:app"] = Text($"application-{i}"),
            ["k8s:io.cilium.k8s.policy.cluster"] = "default",
            ["k8s:io.cilium.k8s.policy.serviceaccount"] = "default",
            ["k8s:io.kubernetes.pod.namespace"] = "default",
            ["k8s:io.cilium.k8s.namespace.labels.kubernetes.io/metadata.name"] = "default",
        },
    };

    internal static JsonObject Endpoint(int i) => new()
    {
        ["metadata"] = new JsonObject { ["name"] = Text($"application-{i}-7f9c6b5d4-x2x4z"), ["namespace"] = "default" },
    };

    internal static JsonObject EndpointStatus(int i) => new()
    {
        ["id"] = i + 1,
        ["state"] = "ready",
        ["identity"] = new JsonObject { ["id"] = FirstIdentity + i, ["labels"] = new JsonArray(Text($"k8s:app=application-{i}"), "k8s:io.kubernetes.pod.namespace=default") },
        ["networking"] = new JsonObject { ["node"] = NodeAddress(i / 100), ["addressing"] = new JsonArray(new JsonObject { ["ipv4"] = Text($"10.{128 + (i >> 16)}.{(i >> 8) & 255}.{i & 255}") }) },
    };

    internal static JsonObject Node(int i) => new()
    {
        ["metadata"] = new JsonObject { ["name"] = Text($"worker-{i}") },
        ["spec"] = new JsonObject
        {
            ["addresses"] = new JsonArray(
                new JsonObject { ["type"] = "InternalIP", ["ip"] = NodeAddress(i) },
                new JsonObject { ["type"] = "CiliumInternalIP", ["ip"] = Text($"10.{200 + (i >> 8)}.{i & 255}.1") }),
            ["ipam"] = new JsonObject { ["podCIDRs"] = new JsonArray(Text($"10.{200 + (i >> 8)}.{i & 255}.0/24")) },
        },
    };

    private static string NodeAddress(int i) => Text($"172.20.{i >> 8}.{i & 255}");

    private static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
