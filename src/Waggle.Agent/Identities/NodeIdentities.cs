using System.Net;

namespace Waggle.Agent.Identities;

/// <summary>Numbers for other nodes, told apart by their labels: local to this node, nodes with equal labels share one, the same after a restart.</summary>
/// <remarks>Not thread-safe: owned by <see cref="NodeIdentitySource"/>.</remarks>
public sealed class NodeIdentities
{
    /// <summary>First and last number for nodes.</summary>
    public const uint First = 2u << 24, Last = (3u << 24) - 1;

    private readonly Dictionary<string, uint> _numbers = new(StringComparer.Ordinal);
    private readonly Dictionary<IPAddress, uint> _before = [];
    private readonly HashSet<uint> _used = [];
    private uint _next = First + 1;

    /// <summary>The kernel's maps hold a number for an address of a node: no other node gets it.</summary>
    public void Restore(IPAddress address, uint number)
    {
        if (number is >= First and <= Last)
        {
            _used.Add(number);
            _before[address] = number;
        }
    }

    /// <summary>The number for a node with these labels.</summary>
    /// <param name="labels">Sorted.</param>
    /// <param name="addresses">Its addresses: with the first look after a restart they say which number it had.</param>
    public uint NumberOf(IReadOnlyList<string> labels, IEnumerable<IPAddress> addresses)
    {
        string key = string.Join('\n', labels);
        if (_numbers.TryGetValue(key, out uint number))
        {
            return number;
        }

        foreach (IPAddress address in addresses)
        {
            if (_before.TryGetValue(address, out number) && !_numbers.ContainsValue(number))
            {
                return _numbers[key] = number;
            }
        }

        // Numbers rest as long as possible: packets on their way and rows of connections still carry the old ones.
        do
        {
            number = _next;
            _next = _next == Last ? First + 1 : _next + 1;
        }
        while (!_used.Add(number));
        return _numbers[key] = number;
    }

    /// <summary>What the maps said counts only for the first look: later an address with other labels is another identity.</summary>
    public void EndRestoring() => _before.Clear();

    /// <summary>Nobody has these labels any more.</summary>
    public void Release(uint number)
    {
        foreach (string key in _numbers.Where(n => n.Value == number).Select(n => n.Key).ToArray())
        {
            _numbers.Remove(key);
        }

        _used.Remove(number);
    }
}
