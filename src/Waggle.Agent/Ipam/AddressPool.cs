using System.Collections;
using System.Net;
using System.Net.Sockets;

namespace Waggle.Agent.Ipam;

/// <summary>The addresses of one prefix: which are taken, and which comes next.</summary>
/// <remarks>
/// The first and the last address are never given out. The next address is searched behind the one given last (and not from the
/// start), so that a freed address rests as long as possible before another pod gets it: peers may still hold connections and
/// neighbour entries for it. Not thread-safe; <see cref="PodAddresses"/> serialises.
/// </remarks>
internal sealed class AddressPool
{
    /// <summary>Larger prefixes are used up to this many addresses; no node has more pods.</summary>
    private const int MaxSize = 1 << 16;

    private readonly UInt128 _base;
    private readonly AddressFamily _family;
    private readonly BitArray _taken;
    private int _next;

    public AddressPool(IPNetwork network, int firstOffset = 1)
    {
        Network = network;
        _family = network.BaseAddress.AddressFamily;
        _base = AddressMath.ToNumber(network.BaseAddress);
        int hostBits = AddressMath.Bits(network) - network.PrefixLength;
        int size = hostBits >= 16 ? MaxSize : 1 << hostBits;
        _taken = new BitArray(size);
        Capacity = Math.Max(0, size - 2);
        _next = Math.Clamp(firstOffset, 1, Math.Max(1, size - 2));
    }

    public IPNetwork Network { get; }

    /// <summary>How many addresses can be given out in all.</summary>
    public int Capacity { get; }

    public int Used { get; private set; }

    /// <summary>The next free address, or null when all are taken.</summary>
    public IPAddress? Take()
    {
        if (Used >= Capacity)
        {
            return null;
        }

        for (int step = 0; step < Capacity; step++)
        {
            int offset = 1 + (_next - 1 + step) % Capacity;
            if (!_taken[offset])
            {
                Mark(offset);
                _next = 1 + offset % Capacity;
                return AddressMath.FromNumber(_base + (UInt128)offset, _family);
            }
        }

        return null;
    }

    /// <summary>Takes a certain address (restored endpoints). False when it is outside of the prefix, unusable or taken.</summary>
    public bool TryTake(IPAddress address)
    {
        if (!TryOffset(address, out int offset) || offset == 0 || offset > Capacity || _taken[offset])
        {
            return false;
        }

        Mark(offset);
        return true;
    }

    /// <summary>Gives an address back; giving back a free one changes nothing.</summary>
    public bool Release(IPAddress address)
    {
        if (!TryOffset(address, out int offset) || !_taken[offset])
        {
            return false;
        }

        _taken[offset] = false;
        Used--;
        return true;
    }

    public bool Contains(IPAddress address) => TryOffset(address, out _);

    private void Mark(int offset)
    {
        _taken[offset] = true;
        Used++;
    }

    private bool TryOffset(IPAddress address, out int offset)
    {
        offset = 0;
        if (address.AddressFamily != _family)
        {
            return false;
        }

        UInt128 value = AddressMath.ToNumber(address);
        if (value < _base || value - _base >= (UInt128)_taken.Length)
        {
            return false;
        }

        offset = (int)(value - _base);
        return true;
    }
}
