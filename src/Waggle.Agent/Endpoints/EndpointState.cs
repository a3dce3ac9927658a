using System.Text.Json.Serialization;

namespace Waggle.Agent.Endpoints;

/// <summary>What an agent must remember of an endpoint to carry on after a restart. Addresses and MACs as text.</summary>
/// <remarks>The file format of <c>state/&lt;id&gt;/endpoint.json</c>: add members, never change the meaning of one.</remarks>
public sealed record EndpointState
{
    /// <summary>1–65535, unique on the node.</summary>
    public int Id { get; init; }

    public string ContainerId { get; init; } = "";

    /// <summary>Device name inside the pod.</summary>
    public string IfName { get; init; } = "";

    public string Namespace { get; init; } = "";

    public string Pod { get; init; } = "";

    public string PodUid { get; init; } = "";

    public string? Ipv4 { get; init; }

    public string? Ipv6 { get; init; }

    public string PodMac { get; init; } = "";

    public string HostMac { get; init; } = "";

    /// <summary>Name and index of the host side.</summary>
    public string HostDevice { get; init; } = "";

    public int HostIfindex { get; init; }

    /// <summary>CNI_NETNS of the ADD.</summary>
    public string Netns { get; init; } = "";

    /// <summary>Index in the multicast slot map.</summary>
    public int Slot { get; init; }

    public uint Identity { get; init; }

    public IReadOnlyList<string> Labels { get; init; } = [];

    /// <summary>Names of the pod's ports, sorted, each <c>name=PROTOCOL/port</c>: policies may name them.</summary>
    public IReadOnlyList<string> Ports { get; init; } = [];

    /// <summary>Who the pod belongs to, as in <c>Deployment/web</c>; empty: nobody; null: written by an agent that did not ask.</summary>
    public string? Workload { get; init; }

    /// <summary>Row of the compiled policy; 0: none yet.</summary>
    public uint PolicySubject { get; init; }

    /// <summary>What policy would deny passes and is reported.</summary>
    public bool PolicyAudit { get; init; }

    public int Mtu { get; init; }

    public DateTimeOffset Created { get; init; }
}

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, WriteIndented = true)]
[JsonSerializable(typeof(EndpointState))]
internal sealed partial class EndpointStateJson : JsonSerializerContext;
