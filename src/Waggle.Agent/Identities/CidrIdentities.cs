using System.Net;
using System.Net.Sockets;

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

    private readonly SortedDictionary<string, uint> _numbers = new(StringComparer.Ordinal);
    private readonly HashSet<uint> _used = [];
    private uint _next = First + 1;

    /// <summary>A number that the kernel's maps already hold for a prefix.</summary>
    public void Restore(IPNetwork prefix, uint number)
    {
        if (number is >= First and <= Last && _used.Add(number))
        {
            _numbers[prefix.ToString()] = number;
        }
    }

    /// <summary>The rows for exactly these prefixes; prefixes that are named no more lose their number.</summary>
    /// <param name="apiServers">Addresses outside the cluster at which the API server answers; they get rows, too.</param>
    /// <param name="dualStack">Both families are in use: world is told apart by family.</param>
    public IReadOnlyList<CidrIdentityRow> Assign(IEnumerable<IPNetwork> required, IReadOnlyCollection<IPAddress> apiServers, bool dualStack)
    {
        HashSet<IPNetwork> named = [.. required];
        HashSet<IPNetwork> all = [.. named, .. apiServers.Select(Single)];
        foreach ((string prefix, uint number) in _numbers.Where(n => !all.Contains(IPNetwork.Parse(n.Key))).ToArray())
        {
            _numbers.Remove(prefix);
            _used.Remove(number);
        }

        var lengths = new SortedSet<(bool V6, int Length)>(named.Select(n => (n.BaseAddress.AddressFamily == AddressFamily.InterNetworkV6, n.PrefixLength)));
        var rows = new List<CidrIdentityRow>(all.Count);
        foreach (IPNetwork prefix in all)
        {
            bool v6 = prefix.BaseAddress.AddressFamily == AddressFamily.InterNetworkV6;
            var labels = new SortedSet<string>(StringComparer.Ordinal) { dualStack ? v6 ? "reserved:world-ipv6" : "reserved:world-ipv4" : "reserved:world" };
            foreach ((bool family, int length) in lengths)
            {
                if (family == v6 && length <= prefix.PrefixLength && Cut(prefix.BaseAddress, length) is var covering && named.Contains(covering))
                {
                    labels.Add($"cidr:{covering}");
                }
            }

            if (apiServers.Count > 0 && apiServers.Any(a => Single(a).Equals(prefix)))
            {
                labels.Add($"cidr:{prefix}");
                labels.Add("reserved:kube-apiserver");
            }

            rows.Add(new CidrIdentityRow(prefix, NumberOf(prefix), [.. labels]));
        }

        return rows;
    }

    internal static IPNetwork Single(IPAddress address) => new(address, address.AddressFamily == AddressFamily.InterNetwork ? 32 : 128);

    private static IPNetwork Cut(IPAddress address, int length)
    {
        byte[] bytes = address.GetAddressBytes();
        for (int i = 0; i < bytes.Length; i++)
        {
            int keep = Math.Clamp(length - (i * 8), 0, 8);
            bytes[i] &= (byte)(0xff << (8 - keep));
        }

        return new IPNetwork(new IPAddress(bytes), length);
    }

    private uint NumberOf(IPNetwork prefix)
    {
        string key = prefix.ToString();
        if (!_numbers.TryGetValue(key, out uint number))
        {
            // Numbers rest as long as possible before they come again: events on their way still name the old prefix.
            do
            {
                number = _next;
                _next = _next == Last ? First + 1 : _next + 1;
            }
            while (!_used.Add(number));
            _numbers[key] = number;
        }

        return number;
    }
}
