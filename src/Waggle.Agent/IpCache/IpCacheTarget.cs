using System.Net;
using System.Net.Sockets;
using Waggle.Agent.Datapath;
using Waggle.Agent.Identities;
using Waggle.Datapath.Abi;
using Waggle.State.Reconciling;
using Waggle.State.Tables;

namespace Waggle.Agent.IpCache;

/// <summary>Table <c>ipcache</c> → maps <c>ipcache</c> (addresses) and <c>ipcache_prefixes</c>.</summary>
internal sealed class IpCacheTarget(DatapathState datapath, IdentityGate gate) : IReconcilerTarget<IpCacheRow>
{
    public async ValueTask UpdateAsync(Snapshot snapshot, IpCacheRow row, CancellationToken cancellation)
    {
        await gate.PassAsync(row.Identity, cancellation).ConfigureAwait(false); // policy first
        var entry = new IpcacheEntry { TunnelEndpoint = Address.From(row.Tunnel), Identity = row.Identity, Flags = (uint)row.Flags };
        if (row.IsAddress)
        {
            datapath.Maps.Ipcache.Update(Exact(row), entry);
        }
        else
        {
            datapath.Maps.IpcachePrefixes.Update(PrefixKey(row), entry);
        }

        datapath.Maps.ForwardingChanged();
    }

    /// <summary>The prefixes in the map with their identities.</summary>
    public IEnumerable<(IPNetwork Prefix, uint Identity)> Prefixes()
    {
        foreach ((IpcachePrefixKey key, IpcacheEntry entry) in datapath.Maps.IpcachePrefixes.Entries())
        {
            int bits = (int)key.PrefixLength - 32;
            if (key.ClusterId == 0 && (key.Address.ToIPAddress() ?? IPAddress.IPv6Any) is var address)
            {
                yield return (key.Address.IsIPv4 && bits >= 96 ? new IPNetwork(address, bits - 96) : new IPNetwork(address, Math.Clamp(bits, 0, 128)), entry.Identity);
            }
        }
    }

    public ValueTask DeleteAsync(Snapshot snapshot, IpCacheRow row, CancellationToken cancellation)
    {
        if (row.IsAddress)
        {
            datapath.Maps.Ipcache.Delete(Exact(row));
        }
        else
        {
            datapath.Maps.IpcachePrefixes.Delete(PrefixKey(row));
        }

        datapath.Maps.ForwardingChanged();
        return ValueTask.CompletedTask;
    }

    public ValueTask PruneAsync(Snapshot snapshot, IReadOnlyCollection<IpCacheRow> desired, CancellationToken cancellation)
    {
        HashSet<IpcacheKey> exact = [.. desired.Where(r => r.IsAddress).Select(Exact)];
        foreach (IpcacheKey key in datapath.Maps.Ipcache.Keys().ToArray())
        {
            if (!exact.Contains(key))
            {
                datapath.Maps.Ipcache.Delete(key);
            }
        }

        HashSet<IpcachePrefixKey> prefixes = [.. desired.Where(r => !r.IsAddress).Select(PrefixKey)];
        foreach (IpcachePrefixKey key in datapath.Maps.IpcachePrefixes.Keys().ToArray())
        {
            if (!prefixes.Contains(key))
            {
                datapath.Maps.IpcachePrefixes.Delete(key);
            }
        }

        datapath.Maps.ForwardingChanged();
        return ValueTask.CompletedTask;
    }

    private static IpcacheKey Exact(IpCacheRow row) => new() { Address = Address.From(row.Prefix.BaseAddress) };

    // The trie counts from the cluster id on; IPv4 lies behind the 96 bits of its mapping.
    private static IpcachePrefixKey PrefixKey(IpCacheRow row) => new()
    {
        PrefixLength = (uint)(32 + row.Prefix.PrefixLength + (row.Prefix.BaseAddress.AddressFamily == AddressFamily.InterNetwork ? 96 : 0)),
        Address = Address.From(row.Prefix.BaseAddress),
    };
}
