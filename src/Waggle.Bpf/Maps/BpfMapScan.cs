using System.Runtime.InteropServices;
using Waggle.Bpf.Interop;
using Waggle.Linux;

namespace Waggle.Bpf;

/// <summary>
/// Walks a whole map in chunks: BPF_MAP_LOOKUP_BATCH (Linux 5.6) where the map type has it, else one key at a time. Entries that
/// come or go during the walk may or may not be seen; entries that stay are seen once with batches, at least once without.
/// </summary>
internal sealed unsafe class BpfMapScan
{
    private const int FirstChunk = 256;

    /// <summary>A bucket of a hash must fit a chunk; a map whose buckets do not fit this many entries is read key by key.</summary>
    private const int MaxChunk = 1 << 20;

    private readonly BpfMap map;
    private readonly bool remove;
    private readonly int keySize;
    private readonly int valueSize;
    private byte[] cursor;
    private byte[] nextCursor;
    private int capacity;
    private bool started;
    private bool finished;
    private bool single;
    private long visited;

    internal BpfMapScan(BpfMap map, bool remove, bool single = false)
    {
        this.map = map;
        this.remove = remove;
        this.single = single;
        keySize = map.Info.KeySize;
        valueSize = map.UserValueSize;

        // The kernel's cursor is a key for generic maps and a u32 bucket number for hashes.
        cursor = new byte[Math.Max(keySize, sizeof(uint))];
        nextCursor = new byte[cursor.Length];
        Keys = Values = [];
        Resize((int)Math.Min(FirstChunk, Math.Max(map.Info.MaxEntries, 1)));
    }

    internal byte[] Keys { get; private set; }

    internal byte[] Values { get; private set; }

    /// <summary>Entries in the current chunk.</summary>
    internal int Count { get; private set; }

    internal TKey Key<TKey>(int index)
        where TKey : unmanaged => MemoryMarshal.Read<TKey>(Keys.AsSpan(index * keySize));

    internal ReadOnlySpan<byte> Value(int index) => Values.AsSpan(index * valueSize, valueSize);

    /// <summary>Reads the next chunk that has entries; false at the end.</summary>
    internal bool MoveNext()
    {
        do
        {
            Count = 0;
            if (finished)
            {
                return false;
            }

            if (single)
            {
                ReadSingle();
            }
            else
            {
                ReadBatch();
            }
        }
        while (Count == 0);
        return true;
    }

    private void ReadBatch()
    {
        while (true)
        {
            uint count = (uint)capacity;
            int result;
            fixed (byte* keys = Keys, values = Values, from = cursor, to = nextCursor)
            {
                var opts = new BpfMapBatchOpts { Sz = (nuint)sizeof(BpfMapBatchOpts) };
                result = remove
                    ? Libbpf.bpf_map_lookup_and_delete_batch(map.Handle, started ? from : null, to, keys, values, &count, &opts)
                    : Libbpf.bpf_map_lookup_batch(map.Handle, started ? from : null, to, keys, values, &count, &opts);
            }

            switch ((Errno)(-result))
            {
                case Errno.ENOENT:
                    finished = true;
                    break;
                case Errno.ENOSPC when capacity < MaxChunk:
                    Resize(capacity * 2);
                    continue;
                case Errno.EINTR:
                    continue;
                case not Errno.None when !started:
                    single = true; // not supported for this type or kernel; a real error shows up there as well
                    return;
                case not Errno.None:
                    throw new BpfException("read entries of map", map.Name, (Errno)(-result));
            }

            started = true;
            Count = (int)count;
            (cursor, nextCursor) = (nextCursor, cursor);
            return;
        }
    }

    private void ReadSingle()
    {
        fixed (byte* keys = Keys, values = Values, from = cursor, to = nextCursor)
        {
            while (Count < capacity)
            {
                // The next key is fetched from the previous one, which may be gone: the kernel then starts over. A map can
                // not hold more than MaxEntries, so a walk past twice that is going round in circles.
                var result = Libbpf.bpf_map_get_next_key(map.Handle, started && !remove ? from : null, to);
                if ((Errno)(-result) == Errno.ENOENT || ++visited > 2L * map.Info.MaxEntries)
                {
                    finished = true;
                    return;
                }

                BpfException.Check(result, "walk keys of map", map.Name);
                started = true;
                var key = to;
                Buffer.MemoryCopy(key, from, cursor.Length, keySize);
                var value = values + (Count * valueSize);
                if (remove ? TakeSlowly(key, value) : map.TryLookup(key, value))
                {
                    Buffer.MemoryCopy(key, keys + (Count * keySize), keySize, keySize);
                    Count++;
                }
            }
        }
    }

    private bool TakeSlowly(byte* key, byte* value) => map.TryLookup(key, value) && map.Delete(key);

    private void Resize(int entries)
    {
        capacity = entries;
        Keys = new byte[checked(entries * keySize)];
        Values = new byte[checked(entries * valueSize)];
    }
}
