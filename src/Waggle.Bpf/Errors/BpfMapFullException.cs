using Waggle.Linux;

namespace Waggle.Bpf;

/// <summary>A map has reached its capacity.</summary>
public sealed class BpfMapFullException(string map, uint maxEntries, Errno errno)
    : BpfException("add to map", map, errno, $"it is full ({maxEntries} entries)")
{
    /// <summary>Capacity of the map.</summary>
    public uint MaxEntries { get; } = maxEntries;
}
