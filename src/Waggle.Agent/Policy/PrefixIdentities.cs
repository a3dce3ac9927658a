using System.Net;
using Waggle.Agent.Config;
using Waggle.Agent.Identities;
using Waggle.Agent.IpCache;
using Waggle.Agent.Nodes;
using Waggle.Agent.Startup;
using Waggle.Datapath.Abi;
using Waggle.Policy.Addresses;
using Waggle.State.Tables;

namespace Waggle.Agent.Policy;

/// <summary>Identities of the prefixes that policies name, and of the API server outside of the cluster. Owned by <see cref="PolicyLoop"/>.</summary>
/// <remarks>Each step may be repeated after one that failed.</remarks>
/// <param name="identities">Where they stand among all others.</param>
/// <param name="table">Which prefix has which.</param>
/// <param name="apiServers">Addresses of the API server.</param>
/// <param name="ipcache">What is known of addresses.</param>
/// <param name="ipcacheTarget">The kernel's copy of that.</param>
/// <param name="config">Which families there are.</param>
/// <param name="readiness">Knows this node's own addresses.</param>
/// <param name="time">The clock.</param>
/// <param name="appeared">Is told of each identity at once: the policies that name it come in the same round.</param>
internal sealed class PrefixIdentities(
    IdentityTable identities, CidrIdentityTable table, ApiServerTable apiServers, IpCacheTable ipcache, IpCacheTarget ipcacheTarget, ConfigState config, Readiness readiness, TimeProvider time,
    Action<IdentityRow> appeared)
{
    /// <summary>How long the identity of a prefix that nothing names any more is kept: packets may still carry it.</summary>
    public static readonly TimeSpan Rest = TimeSpan.FromSeconds(10);

    private readonly CidrIdentities _numbers = new();
    private readonly List<(long Since, uint Identity)> _retired = [];
    private HashSet<IpPrefix> _named = [];
    private IReadOnlyList<CidrIdentityRow> _rows = [];

    /// <summary>Some are kept for <see cref="Rest"/>.</summary>
    public bool AreRetiring => _retired.Count > 0;

    /// <summary>The kernel does not know them all: <see cref="MapAsync"/>.</summary>
    public bool AreUnmapped { get; private set; }

    /// <summary>Learns the numbers that the kernel's maps hold, so that none of them means something else from now on.</summary>
    public void Restore()
    {
        foreach ((IPNetwork prefix, uint identity) in ipcacheTarget.Prefixes().Where(p => p.Identity is >= CidrIdentities.First and <= CidrIdentities.Last))
        {
            _numbers.Restore(IpPrefix.Of(prefix.BaseAddress, prefix.PrefixLength), identity);
        }
    }

    /// <summary>Numbers for prefixes that policies name from now on; those named before keep theirs until the new policies are in force.</summary>
    public bool Add(IReadOnlySet<IpPrefix> wanted)
    {
        HashSet<IpPrefix> both = [.. wanted, .. _named];
        IPAddress[] outside = OutsideApiServers();
        if (both.SetEquals(_named) && outside.Length == _rows.Count(r => r.Labels.Contains("reserved:kube-apiserver")))
        {
            return false;
        }

        _named = both;
        Assign(outside);
        return true;
    }

    /// <summary>Drops the numbers of prefixes that nothing names any more. Their identities go later.</summary>
    public void KeepOnly(HashSet<IpPrefix> wanted)
    {
        if (!wanted.SetEquals(_named))
        {
            _named = wanted;
            Assign(OutsideApiServers());
        }
    }

    /// <summary>Removes the identities that rested long enough.</summary>
    public void RemoveRetired()
    {
        foreach ((long since, uint identity) in _retired.ToArray())
        {
            if (time.GetElapsedTime(since) >= Rest)
            {
                _retired.Remove((since, identity));
                identities.Delete(identity);
            }
        }
    }

    /// <summary>Tells the kernel which addresses the prefixes' identities have, before a policy relies on it.</summary>
    public async Task MapAsync(CancellationToken cancellation)
    {
        using (WriteTransaction transaction = table.Db.Write(table))
        {
            transaction.Replace(table, _rows);
            transaction.Commit();
        }

        // The reconciler of the table writes the same in its own time.
        TableView<IpCacheKey, IpCacheRow> known = ipcache.View;
        foreach (CidrIdentityRow row in _rows.Where(r => known.Find(IpCacheKey.Of(r.Prefix)) is null))
        {
            await ipcacheTarget.UpdateAsync(ipcache.Db.Read(), new IpCacheRow(row.Prefix, row.Identity, null, default, "prefix", row.Prefix.ToString()), cancellation).ConfigureAwait(false);
        }

        AreUnmapped = false;
    }

    private void Assign(IReadOnlyCollection<IPAddress> outside)
    {
        HashSet<uint> before = [.. _rows.Select(r => r.Identity)];
        _rows = _numbers.Assign(_named, outside, config.Current.Ipv4 && config.Current.Ipv6);
        foreach (CidrIdentityRow row in _rows)
        {
            before.Remove(row.Identity);
            _retired.RemoveAll(r => r.Identity == row.Identity);
            var identity = new IdentityRow(row.Identity, row.Labels);
            if (identities.Upsert(identity))
            {
                appeared(identity);
            }
        }

        _retired.AddRange(before.Select(id => (time.GetTimestamp(), id)));
        AreUnmapped = true;
    }

    /// <summary>Addresses of the API server that are no node's.</summary>
    private IPAddress[] OutsideApiServers()
    {
        HashSet<string> nodes = [.. ipcache.View.All().Where(r => (r.Flags & IpcacheFlags.Node) != 0).Select(r => r.Prefix.BaseAddress.ToString())];
        LocalNode? own = readiness.Node.IsCompletedSuccessfully ? readiness.Node.Result : null;
        return [.. apiServers.View.All().Where(a => !nodes.Contains(a.Address)).Select(a => IPAddress.Parse(a.Address)).Where(a => !a.Equals(own?.Ipv4) && !a.Equals(own?.Ipv6))];
    }
}
