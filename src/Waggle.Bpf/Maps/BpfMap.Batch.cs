using Waggle.Bpf.Interop;

namespace Waggle.Bpf;

public sealed unsafe partial class BpfMap
{
    /// <summary>All entries as bytes; see <see cref="BpfMap{TKey, TValue}.Entries"/>.</summary>
    public IEnumerable<(byte[] Key, byte[] Value)> Entries()
    {
        var scan = new BpfMapScan(this, remove: false);
        var keySize = Info.KeySize;
        while (scan.MoveNext())
        {
            for (var i = 0; i < scan.Count; i++)
            {
                yield return (scan.Keys.AsSpan(i * keySize, keySize).ToArray(), scan.Value(i).ToArray());
            }
        }
    }

    /// <summary>Number of entries, by walking them.</summary>
    public long CountEntries()
    {
        var count = 0L;
        for (var scan = new BpfMapScan(this, remove: false); scan.MoveNext();)
        {
            count += scan.Count;
        }

        return count;
    }

    internal int UpdateBatch(byte* keys, byte* values, int count, BpfUpdate mode)
    {
        var written = 0;
        while (written < count)
        {
            var n = (uint)(count - written);
            var k = keys + ((long)written * Info.KeySize);
            var v = values + ((long)written * UserValueSize);
            var opts = new BpfMapBatchOpts { Sz = (nuint)sizeof(BpfMapBatchOpts), ElemFlags = (ulong)mode };
            var result = Libbpf.bpf_map_update_batch(Handle, k, v, &n, &opts);
            if (result == 0)
            {
                return count;
            }

            // The element after the n written ones was refused, or batches are not supported (n unchanged): one at a time
            // tells the difference and gives the right error.
            written += n < (uint)(count - written) ? (int)n : 0;
            if (Update(keys + ((long)written * Info.KeySize), values + ((long)written * UserValueSize), mode))
            {
                written++;
            }
            else
            {
                return written;
            }
        }

        return written;
    }

    internal int DeleteBatch(byte* keys, int count)
    {
        int done = 0, deleted = 0;
        while (done < count)
        {
            var n = (uint)(count - done);
            var opts = new BpfMapBatchOpts { Sz = (nuint)sizeof(BpfMapBatchOpts) };
            var result = Libbpf.bpf_map_delete_batch(Handle, keys + ((long)done * Info.KeySize), &n, &opts);
            if (result == 0)
            {
                return deleted + (count - done);
            }

            var before = n < (uint)(count - done) ? (int)n : 0;
            done += before;
            deleted += before;
            deleted += Delete(keys + ((long)done * Info.KeySize)) ? 1 : 0;
            done++;
        }

        return deleted;
    }
}
