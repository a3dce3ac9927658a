using System.Numerics;
using Waggle.Bpf.Interop;
using Waggle.Linux;

namespace Waggle.Bpf;

public sealed unsafe partial class BpfMap
{
    /// <summary>Buckets of a hash that <see cref="EstimateEntries"/> looks at.</summary>
    private const uint SampledBuckets = 1 << 14;

    /// <summary>Entries that it reads.</summary>
    private const int SampledEntries = 4096;

    /// <summary>
    /// Number of entries, at a cost that does not grow with the map. The kernel keeps no number, so a stretch of a hash's buckets is
    /// read: which entries lie there is as good as chance. Exact for hashes of at most 16,384 entries that hold fewer than 4,096; of a
    /// large one that is well filled it is about 2 % off. Maps of other types are walked.
    /// </summary>
    public long EstimateEntries()
    {
        if (Info.Type is not (BpfMapType.Hash or BpfMapType.LruHash or BpfMapType.PerCpuHash or BpfMapType.LruPerCpuHash))
        {
            return CountEntries();
        }

        var all = BitOperations.RoundUpToPowerOf2(Info.MaxEntries);
        var first = all - Math.Min(all, SampledBuckets);
        return TrySample(first, out var entries, out var next) ? entries * all / Math.Max(next - first, 1) : CountEntries();
    }

    // The kernel's cursor in a hash is the number of a bucket, so a walk can begin anywhere.
    private bool TrySample(uint first, out long entries, out uint next)
    {
        const int Chunk = 1024;
        byte[] keys = new byte[Chunk * Info.KeySize], values = new byte[Chunk * UserValueSize];
        (entries, next) = (0, first);
        while (entries < SampledEntries)
        {
            uint count = Chunk, to = 0, from = next;
            int result;
            fixed (byte* k = keys, v = values)
            {
                var opts = new BpfMapBatchOpts { Sz = (nuint)sizeof(BpfMapBatchOpts) };
                result = Libbpf.bpf_map_lookup_batch(Handle, &from, &to, k, v, &count, &opts);
            }

            switch ((Errno)(-result))
            {
                case Errno.None:
                    entries += count;
                    next = to;
                    break;
                case Errno.ENOENT:
                    entries += count;
                    next = BitOperations.RoundUpToPowerOf2(Info.MaxEntries);
                    return true;
                case Errno.EINTR:
                    break;
                default:
                    return false;
            }
        }

        return true;
    }
}
