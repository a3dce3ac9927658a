using System.Buffers;
using System.Runtime.InteropServices;

namespace Waggle.Bpf;

/// <summary>A map whose value exists once per possible CPU (<see cref="BpfCpu.PossibleCount"/>).</summary>
public sealed unsafe class BpfPerCpuMap<TKey, TValue> : IDisposable
    where TKey : unmanaged
    where TValue : unmanaged
{
    private static readonly int Stride = BpfCpu.Stride(sizeof(TValue));

    internal BpfPerCpuMap(BpfMap map)
    {
        Map = map;
        var info = map.Info;
        if (!info.IsPerCpu || info.KeySize != sizeof(TKey) || info.ValueSize != sizeof(TValue))
        {
            throw new BpfLayoutException(
                $"map {map.Name}",
                $"it is a {info.Type} with {info.KeySize}-byte keys and {info.ValueSize}-byte values, not per CPU with {sizeof(TKey)} and {sizeof(TValue)}");
        }
    }

    /// <summary>The untyped map below; disposed with this view.</summary>
    public BpfMap Map { get; }

    /// <summary>Reads the values of all CPUs.</summary>
    /// <param name="key">The key.</param>
    /// <param name="values">One element per possible CPU.</param>
    public bool TryLookup(in TKey key, Span<TValue> values)
    {
        RequireLength(values.Length);
        var buffer = ArrayPool<byte>.Shared.Rent(Map.UserValueSize);
        try
        {
            fixed (TKey* k = &key)
            fixed (byte* b = buffer)
            {
                if (!Map.TryLookup(k, b))
                {
                    return false;
                }
            }

            Unpack(buffer, values);
            return true;
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    /// <summary>Writes the values of all CPUs.</summary>
    public void Update(in TKey key, ReadOnlySpan<TValue> values)
    {
        RequireLength(values.Length);
        var buffer = new byte[Map.UserValueSize];
        for (var cpu = 0; cpu < values.Length; cpu++)
        {
            MemoryMarshal.Write(buffer.AsSpan(cpu * Stride), in values[cpu]);
        }

        fixed (TKey* k = &key)
        fixed (byte* b = buffer)
        {
            Map.Update(k, b, BpfUpdate.Any);
        }
    }

    /// <summary>Removes an entry (hashes only); false if it was absent.</summary>
    public bool Delete(in TKey key)
    {
        fixed (TKey* k = &key)
        {
            return Map.Delete(k);
        }
    }

    /// <summary>All entries; the array has one element per possible CPU.</summary>
    public IEnumerable<KeyValuePair<TKey, TValue[]>> Entries()
    {
        var scan = new BpfMapScan(Map, remove: false);
        while (scan.MoveNext())
        {
            for (var i = 0; i < scan.Count; i++)
            {
                var values = new TValue[BpfCpu.PossibleCount];
                Unpack(scan.Value(i), values);
                yield return new(scan.Key<TKey>(i), values);
            }
        }
    }

    public void Dispose() => Map.Dispose();

    private static void Unpack(ReadOnlySpan<byte> raw, Span<TValue> values)
    {
        for (var cpu = 0; cpu < values.Length; cpu++)
        {
            values[cpu] = MemoryMarshal.Read<TValue>(raw[(cpu * Stride)..]);
        }
    }

    private void RequireLength(int length)
    {
        if (length != BpfCpu.PossibleCount)
        {
            throw new ArgumentException($"map {Map.Name} has values for {BpfCpu.PossibleCount} CPUs, {length} given");
        }
    }
}
