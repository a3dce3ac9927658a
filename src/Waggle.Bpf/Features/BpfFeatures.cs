using System.Collections.Concurrent;
using Waggle.Bpf.Interop;
using Waggle.Linux;

namespace Waggle.Bpf;

/// <summary>
/// Asks the running kernel what it has, by trying. Answers are kept only when they are conclusive: a probe that failed for want
/// of privilege or memory is asked again. One instance per process; thread-safe.
/// </summary>
public sealed unsafe class BpfFeatures
{
    private const int SchedCls = 3;
    private const int HelperRedirectPeer = 155;
    private const int HelperLoop = 181;
    private const int NoSuchIfindex = int.MaxValue;

    private readonly ConcurrentDictionary<BpfFeature, bool> known = new();
    private readonly Func<BpfFeature, bool?> probe;

    public BpfFeatures()
        : this(Probe)
    {
    }

    internal BpfFeatures(Func<BpfFeature, bool?> probe) => this.probe = probe;

    /// <summary>Whether the kernel has it; null when the probe could not tell.</summary>
    public bool? Has(BpfFeature feature)
    {
        if (known.TryGetValue(feature, out var answer))
        {
            return answer;
        }

        var result = probe(feature);
        if (result is { } conclusive)
        {
            known[feature] = conclusive;
        }

        return result;
    }

    /// <summary>Throws unless the kernel has it; an inconclusive probe passes, the use itself will tell.</summary>
    /// <exception cref="BpfFeatureException">Names the feature and the first kernel that has it.</exception>
    public void Require(BpfFeature feature)
    {
        if (Has(feature) == false)
        {
            throw new BpfFeatureException(BpfFeatureTable.Describe(feature), BpfFeatureTable.MinimumKernel(feature));
        }
    }

    private static bool? Probe(BpfFeature feature) => feature switch
    {
        BpfFeature.MapBatch => ProbeBatch(),
        BpfFeature.RingBuffer => Answer(Libbpf.libbpf_probe_bpf_map_type((int)BpfMapType.RingBuffer, null)),
        BpfFeature.RedirectPeer => Answer(Libbpf.libbpf_probe_bpf_helper(SchedCls, HelperRedirectPeer, null)),
        BpfFeature.Loop => Answer(Libbpf.libbpf_probe_bpf_helper(SchedCls, HelperLoop, null)),
        BpfFeature.Tcx => ProbeTcx(),
        _ => null,
    };

    private static bool? Answer(int result) => result switch
    {
        0 => false,
        1 => true,
        _ => null,
    };

    private static bool? ProbeBatch()
    {
        try
        {
            using var map = BpfMap.Create(new BpfMapSpec(BpfMapType.Hash, "waggle_probe", 4, 4, 1));
            uint cursor, key, value, count = 1;
            var opts = new BpfMapBatchOpts { Sz = (nuint)sizeof(BpfMapBatchOpts) };
            return (Errno)(-Libbpf.bpf_map_lookup_batch(map.Handle, null, &cursor, &key, &value, &count, &opts)) switch
            {
                Errno.None or Errno.ENOENT => true,
                Errno.EINVAL => false,
                _ => null,
            };
        }
        catch (BpfException)
        {
            return null;
        }
    }

    /// <summary>A kernel with tcx looks for the device first (ENODEV), one without does not know the attach type (EINVAL).</summary>
    private static bool? ProbeTcx()
    {
        var attr = new BpfLink.QueryAttr { TargetIfindex = NoSuchIfindex, AttachType = (uint)BpfAttachType.TcxIngress };
        return (Errno)(-Sys.Bpf(Sys.ProgQuery, &attr, sizeof(BpfLink.QueryAttr))) switch
        {
            Errno.ENODEV => true,
            Errno.EINVAL => false,
            _ => null,
        };
    }
}
