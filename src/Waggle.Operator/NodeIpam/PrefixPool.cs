using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;

namespace Waggle.Operator.NodeIpam;

/// <summary>Cuts equal prefixes for nodes out of larger ones. Not thread-safe: one loop owns it.</summary>
internal sealed class PrefixPool
{
    private readonly List<Source> _sources = [];
    private readonly HashSet<IPNetwork> _taken = [];

    /// <param name="sources">The cluster's pools, one family, used in this order.</param>
    /// <param name="length">Prefix length of a node's prefix.</param>
    public PrefixPool(IReadOnlyList<IPNetwork> sources, int length)
    {
        Length = length;
        foreach (IPNetwork source in sources)
        {
            if (length < source.PrefixLength)
            {
                throw new ArgumentException($"a /{length} does not fit into {source}", nameof(length));
            }

            int bits = length - source.PrefixLength;
            _sources.Add(new Source(source, bits >= 62 ? 1L << 62 : 1L << bits));
        }
    }

    public int Length { get; }

    public int Taken => _taken.Count;

    /// <summary>How many prefixes there are in all.</summary>
    public long Capacity => _sources.Sum(s => s.Count);

    /// <summary>The lowest free prefix, so that a cluster's addresses look the same every time; null when all are given out.</summary>
    public IPNetwork? Take()
    {
        foreach (Source source in _sources)
        {
            // Everything below Lowest is taken; a release lowers it.
            for (long i = source.Lowest; i < source.Count; i++)
            {
                IPNetwork candidate = At(source.Network, i);
                if (_taken.Add(candidate))
                {
                    source.Lowest = i + 1;
                    return candidate;
                }
            }

            source.Lowest = source.Count;
        }

        return null;
    }

    /// <summary>Marks a prefix that a node already has. False when it overlaps one that another node has.</summary>
    /// <remarks>A prefix of another length, or from outside of the pools (they were changed), stays with its node.</remarks>
    public bool Claim(IPNetwork prefix)
    {
        if (_taken.Contains(prefix) || _taken.Any(t => Overlap(t, prefix)))
        {
            return false;
        }

        return _taken.Add(prefix);
    }

    public void Release(IPNetwork prefix)
    {
        if (!_taken.Remove(prefix))
        {
            return;
        }

        foreach (Source source in _sources)
        {
            if (source.Network.Contains(prefix.BaseAddress))
            {
                source.Lowest = 0;
            }
        }
    }

    internal static bool Overlap(IPNetwork a, IPNetwork b) =>
        a.BaseAddress.AddressFamily == b.BaseAddress.AddressFamily && (a.Contains(b.BaseAddress) || b.Contains(a.BaseAddress));

    private IPNetwork At(IPNetwork source, long index)
    {
        Span<byte> bytes = stackalloc byte[16];
        bool v4 = source.BaseAddress.AddressFamily == AddressFamily.InterNetwork;
        source.BaseAddress.TryWriteBytes(bytes, out _);
        if (v4)
        {
            uint value = BinaryPrimitives.ReadUInt32BigEndian(bytes) + (uint)(index << (32 - Length));
            BinaryPrimitives.WriteUInt32BigEndian(bytes, value);
            return new IPNetwork(new IPAddress(bytes[..4]), Length);
        }

        UInt128 wide = BinaryPrimitives.ReadUInt128BigEndian(bytes) + ((UInt128)index << (128 - Length));
        BinaryPrimitives.WriteUInt128BigEndian(bytes, wide);
        return new IPNetwork(new IPAddress(bytes), Length);
    }

    private sealed class Source(IPNetwork network, long count)
    {
        public IPNetwork Network { get; } = network;

        public long Count { get; } = count;

        public long Lowest { get; set; }
    }
}
