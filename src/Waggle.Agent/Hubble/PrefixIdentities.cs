using System.Collections.Concurrent;
using System.Net;
using Waggle.Hubble.Flows;

namespace Waggle.Agent.Hubble;

/// <summary>Longest prefix → identity, as the datapath knows it. One writer; readers neither wait nor allocate.</summary>
internal sealed class PrefixIdentities
{
    private readonly ConcurrentDictionary<(FlowAddress Prefix, byte Length), uint> _rows = new();
    private readonly int[] _rowsOfLength = new int[129];
    private byte[] _lengths = [];

    /// <summary>Adds or changes a prefix.</summary>
    public void Set(IPNetwork prefix, uint identity)
    {
        (FlowAddress Prefix, byte Length) key = KeyOf(prefix);
        bool known = _rows.ContainsKey(key);
        _rows[key] = identity;
        Count(key.Length, known ? 0 : 1);
    }

    /// <summary>Forgets a prefix.</summary>
    public void Remove(IPNetwork prefix)
    {
        (FlowAddress Prefix, byte Length) key = KeyOf(prefix);
        Count(key.Length, _rows.TryRemove(key, out _) ? -1 : 0);
    }

    /// <summary>Identity of the longest prefix that holds the address; 0: none does.</summary>
    public uint Find(FlowAddress address)
    {
        int shortest = address.IsIPv4 ? 96 : 0; // ::/0 is no prefix of IPv4
        foreach (byte length in Volatile.Read(ref _lengths))
        {
            if (length < shortest)
            {
                break;
            }

            if (_rows.TryGetValue((Mask(address, length), length), out uint identity))
            {
                return identity;
            }
        }

        return 0;
    }

    private static (FlowAddress Prefix, byte Length) KeyOf(IPNetwork prefix)
    {
        FlowAddress address = FlowAddress.From(prefix.BaseAddress);
        byte length = (byte)(prefix.PrefixLength + (address.IsIPv4 ? 96 : 0));
        return (Mask(address, length), length);
    }

    private static FlowAddress Mask(FlowAddress address, byte length) => length switch
    {
        >= 128 => address,
        > 64 => new FlowAddress(address.High, address.Low & (ulong.MaxValue << (128 - length))),
        64 => new FlowAddress(address.High, 0),
        0 => default,
        _ => new FlowAddress(address.High & (ulong.MaxValue << (64 - length)), 0),
    };

    private void Count(byte length, int change)
    {
        int before = _rowsOfLength[length], now = _rowsOfLength[length] += change;
        if (before == 0 != (now == 0))
        {
            Volatile.Write(ref _lengths, [.. Enumerable.Range(0, 129).Where(l => _rowsOfLength[l] > 0).Reverse().Select(l => (byte)l)]);
        }
    }
}
