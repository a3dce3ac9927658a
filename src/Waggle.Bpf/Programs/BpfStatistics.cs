using Waggle.Bpf.Interop;
using Waggle.Linux;

namespace Waggle.Bpf;

/// <summary>Run-time statistics of all programs (BPF_ENABLE_STATS): on while a handle is open, about 20 ns per run.</summary>
public static class BpfStatistics
{
    private const int RunTime = 0;

    /// <summary>Switches statistics on until the result is disposed.</summary>
    public static FileDescriptor Enable() => Sys.Own(Libbpf.bpf_enable_stats(RunTime), "enable", "BPF run-time statistics");
}
