using Waggle.Linux;

namespace Waggle.Bpf;

/// <summary>Kernel features that Waggle does without on older kernels, or refuses to start without.</summary>
public enum BpfFeature
{
    /// <summary>Batch operations on hash maps (5.6).</summary>
    MapBatch,

    /// <summary>BPF ring buffer (5.8).</summary>
    RingBuffer,

    /// <summary>bpf_redirect_peer and bpf_redirect_neigh (5.10).</summary>
    RedirectPeer,

    /// <summary>bpf_loop (5.17).</summary>
    Loop,

    /// <summary>tcx links (6.6).</summary>
    Tcx,
}

internal static class BpfFeatureTable
{
    internal static KernelVersion MinimumKernel(BpfFeature feature) => feature switch
    {
        BpfFeature.MapBatch => new(5, 6),
        BpfFeature.RingBuffer => new(5, 8),
        BpfFeature.RedirectPeer => new(5, 10),
        BpfFeature.Loop => new(5, 17),
        BpfFeature.Tcx => new(6, 6),
        _ => throw new ArgumentOutOfRangeException(nameof(feature)),
    };

    internal static string Describe(BpfFeature feature) => feature switch
    {
        BpfFeature.MapBatch => "BPF map batch operations",
        BpfFeature.RingBuffer => "the BPF ring buffer",
        BpfFeature.RedirectPeer => "bpf_redirect_peer",
        BpfFeature.Loop => "bpf_loop",
        BpfFeature.Tcx => "tcx links",
        _ => feature.ToString(),
    };
}
