using System.Net;
using Waggle.Policy.Addresses;

namespace Waggle.Agent.Identities;

/// <summary>Numbers of prefixes that policies name: local to the node, kept as long as a prefix is named, the same after a restart.</summary>
/// <remarks>
/// The identity of an address is that of the longest named prefix that covers it; its labels name all covering ones. Not thread-safe:
/// owned by the policy loop.
/// </remarks>
public sealed class CidrIdentities
{
    /// <summary>More prefixes than this are refused: each is a row in <c>ipcache_prefixes</c>, which also holds the nodes' pod prefixes.</summary>
    public const int Limit = 32768;

    /// <summary>First and last number for prefixes.</summary>
    public const uint First = 1u << 24, Last = (2u << 24) - 1;

    private readonly Dictionary<IpPrefix, uint> _numbers = [];
    private readonly HashSet<uint> _used = [];
    private uint _next = First + 1;

    /// <summary>A number that the kernel's maps already hold for a prefix.</summary>
    public void Restore(IpPrefix prefix, uint number)
    {
        if (number is >= First and <= Last && _used.Add(number))
        {
            _numbers[prefix] = number;
        }
    }

    /// <summary>The rows for exactly these prefixes; prefixes that are named no more lose their number.</summary>
    /// <param name="apiServers">Addresses outside the cluster at which the API server answers; they get rows, too.</param>
    /// <param name="dualStack">Both families are in use: world is told apart by family.</param>
    public IReadOnlyList<CidrIdentityRow> Assign(IReadOnlySet<IpPrefix> named, IReadOnlyCollection<IPAddress> apiServers, bool dualStack)
    {
        HashSet<IpPrefix> servers = [.. apiServers.Select(a => IpPrefix.Of(a))];
        HashSet<IpPrefix> all = [.. named, .. servers];
        foreach ((IpPrefix prefix, uint number) in _numbers.Where(n => !all.Contains(n.Key)).ToArray())
        {
            _numbers.Remove(prefix);
            _used.Remove(number);
        }

        (bool IsIPv4, int Length)[] lengths = [.. named.Select(n => (n.IsIPv4, n.Length)).Distinct()];
        var rows = new List<CidrIdentityRow>(all.Count);
        foreach (IpPrefix prefix in all)
        {
            var labels = new SortedSet<string>(StringComparer.Ordinal) { "reserved:world", prefix.ToLabel() };
            if (dualStack)
            {
                labels.Remove("reserved:world");
                labels.Add(prefix.IsIPv4 ? "reserved:world-ipv4" : "reserved:world-ipv6");
            }

            foreach ((bool isIPv4, int length) in lengths)
            {
                if (isIPv4 == prefix.IsIPv4 && length < prefix.Length && prefix.Shorten(length) is var covering && named.Contains(covering))
                {
                    labels.Add(covering.ToLabel());
                }
            }

            if (servers.Contains(prefix))
            {
                labels.Add("reserved:kube-apiserver");
            }

            rows.Add(new CidrIdentityRow(new IPNetwork(prefix.Address, prefix.Length), NumberOf(prefix), [.. labels]));
        }

        return rows;
    }

    private uint NumberOf(IpPrefix prefix)
    {
        if (!_numbers.TryGetValue(prefix, out uint number))
        {
            // Numbers rest as long as possible before they come again: events on their way still name the old prefix.
            do
            {
                number = _next;
                _next = _next == Last ? First + 1 : _next + 1;
            }
            while (!_used.Add(number));
            _numbers[prefix] = number;
        }

        return number;
    }
}
