using System.Runtime.InteropServices;

namespace Waggle.Bpf;

public sealed unsafe partial class BpfMap<TKey, TValue>
{
    /// <summary>
    /// All entries, read in batches. Not a snapshot: entries that come or go meanwhile may or may not be seen, entries that stay
    /// are seen once (at least once on map types without batch operations).
    /// </summary>
    public IEnumerable<KeyValuePair<TKey, TValue>> Entries() => Walk(remove: false);

    /// <summary>All entries, removed as they are read.</summary>
    public IEnumerable<KeyValuePair<TKey, TValue>> TakeAll() => Walk(remove: true);

    /// <summary>All keys.</summary>
    public IEnumerable<TKey> Keys() => Entries().Select(e => e.Key);

    /// <summary>Writes many entries with few system calls.</summary>
    /// <returns>Entries written: all, or those before the first that <paramref name="mode"/> forbids.</returns>
    /// <exception cref="BpfMapFullException">The map became full; entries before were written.</exception>
    public int Update(ReadOnlySpan<TKey> keys, ReadOnlySpan<TValue> values, BpfUpdate mode = BpfUpdate.Any)
    {
        if (keys.Length != values.Length)
        {
            throw new ArgumentException($"{keys.Length} keys and {values.Length} values");
        }

        fixed (TKey* k = keys)
        fixed (TValue* v = values)
        {
            return Map.UpdateBatch((byte*)k, (byte*)v, keys.Length, mode);
        }
    }

    /// <summary>Deletes many entries with few system calls; returns how many were there.</summary>
    public int Delete(ReadOnlySpan<TKey> keys)
    {
        fixed (TKey* k = keys)
        {
            return Map.DeleteBatch((byte*)k, keys.Length);
        }
    }

    private IEnumerable<KeyValuePair<TKey, TValue>> Walk(bool remove)
    {
        var scan = new BpfMapScan(Map, remove);
        while (scan.MoveNext())
        {
            for (var i = 0; i < scan.Count; i++)
            {
                yield return new(scan.Key<TKey>(i), MemoryMarshal.Read<TValue>(scan.Value(i)));
            }
        }
    }
}
