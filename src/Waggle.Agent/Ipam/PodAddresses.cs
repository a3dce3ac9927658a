using System.Net;
using System.Net.Sockets;

namespace Waggle.Agent.Ipam;

/// <summary>Who has which address of this node's prefixes. Thread-safe.</summary>
/// <remarks>Every address has an owner (the endpoint, or the router), so that a repeated ADD gets the same one and a DEL frees only its own.</remarks>
public sealed class PodAddresses
{
    private readonly Lock _lock = new();
    private readonly List<AddressPool> _pools = [];
    private readonly Dictionary<IPAddress, string> _owners = [];

    /// <summary>The prefixes of this node, in order.</summary>
    public IReadOnlyList<IPNetwork> Networks
    {
        get
        {
            lock (_lock)
            {
                return [.. _pools.Select(p => p.Network)];
            }
        }
    }

    /// <summary>Adds prefixes that are new; a prefix that is no longer listed goes when no address of it is in use.</summary>
    public void SetNetworks(IReadOnlyList<IPNetwork> networks)
    {
        lock (_lock)
        {
            _pools.RemoveAll(p => p.Used == 0 && !networks.Contains(p.Network));
            foreach (IPNetwork network in networks)
            {
                if (!_pools.Any(p => p.Network.Equals(network)))
                {
                    var pool = new AddressPool(network);
                    _pools.Add(pool);
                    foreach (IPAddress address in _owners.Keys)
                    {
                        pool.TryTake(address);
                    }
                }
            }
        }
    }

    /// <summary>Gives <paramref name="owner"/> an address of the family; the one it has when it asks again.</summary>
    /// <exception cref="IpamExhaustedException">All addresses of the family's prefixes are taken, or the node has none.</exception>
    public IPAddress Take(string owner, AddressFamily family)
    {
        lock (_lock)
        {
            foreach ((IPAddress have, string by) in _owners)
            {
                if (by == owner && have.AddressFamily == family)
                {
                    return have;
                }
            }

            foreach (AddressPool pool in _pools)
            {
                if (pool.Network.BaseAddress.AddressFamily == family && pool.Take() is { } address)
                {
                    _owners[address] = owner;
                    return address;
                }
            }

            string name = family == AddressFamily.InterNetwork ? "IPv4" : "IPv6";
            IPNetwork[] own = [.. _pools.Select(p => p.Network).Where(n => n.BaseAddress.AddressFamily == family)];
            throw new IpamExhaustedException(family, own.Length == 0
                ? $"this node has no {name} pod prefix yet; the operator gives one in CiliumNode spec.ipam.podCIDRs (look at: kubectl get ciliumnodes -o yaml, kubectl -n kube-system get pods -l io.cilium/app=operator)"
                : $"all {name} addresses of this node's pod prefix {string.Join(", ", own)} are in use; move pods to other nodes, or give nodes larger prefixes (cluster-pool-{name.ToLowerInvariant()}-mask-size)");
        }
    }

    /// <summary>Takes a certain address for a restored endpoint or router, also one outside of the present prefixes. False when somebody else has it.</summary>
    public bool Claim(string owner, IPAddress address)
    {
        lock (_lock)
        {
            if (_owners.TryGetValue(address, out string? by))
            {
                return by == owner;
            }

            _owners[address] = owner;
            foreach (AddressPool pool in _pools)
            {
                pool.TryTake(address);
            }

            return true;
        }
    }

    /// <summary>Frees everything of <paramref name="owner"/>; none is fine.</summary>
    public void Release(string owner)
    {
        lock (_lock)
        {
            foreach (IPAddress address in _owners.Where(o => o.Value == owner).Select(o => o.Key).ToArray())
            {
                _owners.Remove(address);
                foreach (AddressPool pool in _pools)
                {
                    pool.Release(address);
                }
            }
        }
    }

    public bool Contains(IPAddress address)
    {
        lock (_lock)
        {
            return _pools.Any(p => p.Contains(address));
        }
    }

    /// <summary>Address and owner of everything in use, in no order.</summary>
    public IReadOnlyList<KeyValuePair<IPAddress, string>> InUse()
    {
        lock (_lock)
        {
            return [.. _owners];
        }
    }

    /// <summary>How many addresses the prefixes of a family hold, and how many are in use.</summary>
    public (int Used, int Capacity) Usage(AddressFamily family)
    {
        lock (_lock)
        {
            AddressPool[] own = [.. _pools.Where(p => p.Network.BaseAddress.AddressFamily == family)];
            return (own.Sum(p => p.Used), own.Sum(p => p.Capacity));
        }
    }
}
