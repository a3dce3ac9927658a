using System.Net;
using System.Text.Json.Nodes;
using Waggle.State.Tables;

namespace Waggle.Agent.Endpoints;

/// <summary>A pod on this node.</summary>
public sealed record EndpointRow(EndpointState State)
{
    /// <summary>How policy stands for it.</summary>
    public EndpointPolicy Policy { get; init; } = EndpointPolicy.None;

    /// <summary>From when on the addresses are this endpoint's, as <see cref="System.Diagnostics.Stopwatch.GetTimestamp"/> (CLOCK_MONOTONIC, ns); 0: since before this agent.</summary>
    public long Since { get; init; }

    public int Id => State.Id;

    public IPAddress? Ipv4 { get; } = State.Ipv4 is { } text ? IPAddress.Parse(text) : null;

    public IPAddress? Ipv6 { get; } = State.Ipv6 is { } text ? IPAddress.Parse(text) : null;

    public IEnumerable<IPAddress> Addresses => new[] { Ipv4, Ipv6 }.OfType<IPAddress>();

    /// <summary>Namespace and name of the pod; empty for a container that is none.</summary>
    public string PodKey => State.Pod.Length == 0 ? "" : $"{State.Namespace}/{State.Pod}";

    /// <summary>What a repeated ADD and a DEL name.</summary>
    public string Attachment => $"{State.ContainerId}:{State.IfName}";
}

/// <summary>How policy stands for an endpoint.</summary>
/// <param name="Ingress">A policy with ingress rules selects it.</param>
/// <param name="Audit">What is denied passes and is reported.</param>
public sealed record EndpointPolicy(bool Ingress, bool Egress, bool Audit)
{
    public static EndpointPolicy None { get; } = new(false, false, false);
}

/// <summary>Table <c>endpoints</c>.</summary>
public sealed class EndpointTable : Table<int, EndpointRow>
{
    public EndpointTable(StateDb db)
        : base(db, "endpoints", r => r.Id,
        [
            new("Endpoint", r => $"{r.Id}"), new("Identity", r => $"{r.State.Identity}"), new("Pod", r => r.PodKey), new("IPv4", r => r.State.Ipv4 ?? ""), new("IPv6", r => r.State.Ipv6 ?? ""),
            new("Device", r => r.State.HostDevice), new("Slot", r => $"{r.State.Slot}"), new("Labels", r => string.Join(" ", r.State.Labels)),
        ],
        Json)
    {
        ByAttachment = AddIndex("attachment", r => r.Attachment, unique: true);
        ByPod = AddIndex<string>("pod", r => r.PodKey.Length == 0 ? [] : new[] { r.PodKey });
        BySlot = AddIndex("slot", r => r.State.Slot, unique: true);
    }

    public TableIndex<int, EndpointRow, string> ByAttachment { get; }

    public TableIndex<int, EndpointRow, string> ByPod { get; }

    public TableIndex<int, EndpointRow, int> BySlot { get; }

    private static JsonNode Json(EndpointRow r) => new JsonObject
    {
        ["id"] = r.Id, ["identity"] = r.State.Identity, ["namespace"] = r.State.Namespace, ["pod"] = r.State.Pod, ["ipv4"] = r.State.Ipv4, ["ipv6"] = r.State.Ipv6,
        ["containerId"] = r.State.ContainerId, ["ifName"] = r.State.IfName, ["device"] = r.State.HostDevice, ["ifindex"] = r.State.HostIfindex, ["podMac"] = r.State.PodMac,
        ["hostMac"] = r.State.HostMac, ["slot"] = r.State.Slot, ["policySubject"] = r.State.PolicySubject, ["ingressEnforced"] = r.Policy.Ingress, ["egressEnforced"] = r.Policy.Egress, ["audit"] = r.Policy.Audit,
        ["ports"] = new JsonArray([.. r.State.Ports.Select(p => (JsonNode)p)]), ["mtu"] = r.State.Mtu, ["created"] = r.State.Created.ToString("O"),
        ["labels"] = new JsonArray([.. r.State.Labels.Select(l => (JsonNode)l)]), ["state"] = "ready",
    };
}
