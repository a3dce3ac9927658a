using System.Net;
using System.Net.Sockets;
using Waggle.Datapath.Abi;
using Waggle.State.Tables;

namespace Waggle.Agent.IpCache;

/// <summary>Who an address or prefix belongs to, and where it is.</summary>
/// <param name="Prefix">A single address has the full length.</param>
/// <param name="Tunnel">Address of the node that has it; null: reached without a tunnel.</param>
/// <param name="Source">What it follows from: <c>endpoint</c>, <c>node</c> or <c>prefix</c>.</param>
/// <param name="Owner">Name of that object, so that a late removal of one does not take the row of its successor.</param>
public sealed record IpCacheRow(IPNetwork Prefix, uint Identity, IPAddress? Tunnel, IpcacheFlags Flags, string Source, string Owner)
{
    public bool IsAddress => Prefix.PrefixLength == (Prefix.BaseAddress.AddressFamily == AddressFamily.InterNetwork ? 32 : 128);
}

/// <summary>Key of an address or prefix: ordered as numbers, IPv4 before IPv6.</summary>
public readonly record struct IpCacheKey(ulong High, ulong Low, int Length) : IComparable<IpCacheKey>
{
    public static IpCacheKey Of(IPNetwork prefix)
    {
        Address address = Address.From(prefix.BaseAddress);
        return new IpCacheKey(address.High, address.Low, prefix.PrefixLength + (prefix.BaseAddress.AddressFamily == AddressFamily.InterNetwork ? 96 : 0));
    }

    public static IpCacheKey Of(IPAddress address) => Of(new IPNetwork(address, address.AddressFamily == AddressFamily.InterNetwork ? 32 : 128));

    public int CompareTo(IpCacheKey other) => (High, Low, Length).CompareTo((other.High, other.Low, other.Length));
}

/// <summary>Table <c>ipcache</c>.</summary>
public sealed class IpCacheTable(StateDb db) : Table<IpCacheKey, IpCacheRow>(db, "ipcache", r => IpCacheKey.Of(r.Prefix),
[
    new("Prefix", r => r.Prefix.ToString()), new("Identity", r => $"{r.Identity}"), new("Tunnel", r => r.Tunnel?.ToString() ?? ""), new("Source", r => r.Source), new("Owner", r => r.Owner),
]);
