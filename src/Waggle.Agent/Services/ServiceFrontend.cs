using System.Net;
using System.Text.Json.Nodes;
using Waggle.State.Tables;

namespace Waggle.Agent.Services;

/// <summary>Where a Service is reached: an address and port, or one of the node's own with a NodePort.</summary>
/// <param name="Address">Of either family.</param>
/// <param name="Port">1–65535.</param>
/// <param name="Protocol">IP protocol: 6, 17 or 132.</param>
public readonly record struct FrontendAddress(IPAddress Address, ushort Port, byte Protocol) : IComparable<FrontendAddress>
{
    public int CompareTo(FrontendAddress other) =>
        AddressOrder.Compare(Address, other.Address) is not 0 and var order ? order : (Port, Protocol).CompareTo((other.Port, other.Protocol));

    public override string ToString() => $"{new IPEndPoint(Address, Port)}/{Protocol switch { 6 => "TCP", 17 => "UDP", _ => "SCTP" }}";
}

/// <summary>Key of table <c>services</c>: two Services may claim one address.</summary>
public readonly record struct ServiceFrontendKey(string Namespace, string Name, FrontendAddress Frontend) : IComparable<ServiceFrontendKey>
{
    public int CompareTo(ServiceFrontendKey other) =>
        string.CompareOrdinal(Namespace, other.Namespace) is not 0 and var place ? place
        : string.CompareOrdinal(Name, other.Name) is not 0 and var name ? name : Frontend.CompareTo(other.Frontend);
}

/// <summary>A frontend of a Service, with what stands behind it.</summary>
/// <param name="Id">Unique on this node while the agent runs.</param>
/// <param name="Type">Kind of the address: <c>ClusterIP</c>, <c>ExternalIPs</c>, <c>LoadBalancer</c> or <c>NodePort</c>.</param>
/// <param name="InternalPolicy"><c>Cluster</c> or <c>Local</c>.</param>
/// <param name="ExternalPolicy"><c>Cluster</c> or <c>Local</c>; empty where nobody comes from outside.</param>
/// <param name="Backends">Ready ones of the frontend's family, sorted.</param>
public sealed record ServiceFrontend(ServiceFrontendKey Key, uint Id, string Type, string InternalPolicy, string ExternalPolicy, IReadOnlyList<IPEndPoint> Backends)
{
    public bool Equals(ServiceFrontend? other) =>
        other is not null && (Key, Id, Type, InternalPolicy, ExternalPolicy) == (other.Key, other.Id, other.Type, other.InternalPolicy, other.ExternalPolicy) && Backends.SequenceEqual(other.Backends);

    public override int GetHashCode() => Key.GetHashCode();
}

/// <summary>Table <c>services</c>.</summary>
public sealed class ServiceFrontendTable : Table<ServiceFrontendKey, ServiceFrontend>
{
    public ServiceFrontendTable(StateDb db)
        : base(db, "services", r => r.Key,
        [
            new("Service", r => $"{r.Key.Namespace}/{r.Key.Name}"), new("Frontend", r => r.Key.Frontend.ToString()), new("Type", r => r.Type), new("Id", r => $"{r.Id}"),
            new("Backends", r => string.Join(" ", r.Backends)),
        ],
        r => new JsonObject
        {
            ["namespace"] = r.Key.Namespace, ["name"] = r.Key.Name, ["frontend"] = r.Key.Frontend.ToString(), ["type"] = r.Type, ["id"] = r.Id, ["internalTrafficPolicy"] = r.InternalPolicy,
            ["externalTrafficPolicy"] = r.ExternalPolicy, ["backends"] = new JsonArray([.. r.Backends.Select(b => (JsonNode)b.ToString())]),
        })
    {
        ByFrontend = AddIndex("frontend", r => r.Key.Frontend);
        ByAddress = AddIndex("address", r => r.Key.Frontend.Address, comparer: AddressOrder.Comparer);
        ByService = AddIndex("service", r => $"{r.Key.Namespace}/{r.Key.Name}");
    }

    public TableIndex<ServiceFrontendKey, ServiceFrontend, FrontendAddress> ByFrontend { get; }

    public TableIndex<ServiceFrontendKey, ServiceFrontend, IPAddress> ByAddress { get; }

    /// <summary>By <c>namespace/name</c>.</summary>
    public TableIndex<ServiceFrontendKey, ServiceFrontend, string> ByService { get; }
}

/// <summary>Order of addresses: IPv4 before IPv6, each as numbers.</summary>
internal static class AddressOrder
{
    public static IComparer<IPAddress> Comparer { get; } = Comparer<IPAddress>.Create(Compare);

    public static int Compare(IPAddress a, IPAddress b)
    {
        Span<byte> left = stackalloc byte[16], right = stackalloc byte[16];
        _ = a.TryWriteBytes(left, out int leftLength);
        _ = b.TryWriteBytes(right, out int rightLength);
        return leftLength != rightLength ? leftLength.CompareTo(rightLength) : left[..leftLength].SequenceCompareTo(right[..rightLength]);
    }
}
