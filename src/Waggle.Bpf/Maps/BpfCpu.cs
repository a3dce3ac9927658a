using Waggle.Bpf.Interop;
using Waggle.Linux;

namespace Waggle.Bpf;

/// <summary>Facts about CPUs that per-CPU maps depend on.</summary>
public static class BpfCpu
{
    /// <summary>Possible (not online) CPUs: the length of every per-CPU value.</summary>
    public static int PossibleCount { get; } = Read();

    /// <summary>Distance in bytes between the values of two CPUs: the kernel rounds up to 8.</summary>
    public static int Stride(int valueSize) => (valueSize + 7) & ~7;

    private static int Read()
    {
        var count = Libbpf.libbpf_num_possible_cpus();
        return count > 0 ? count : throw new BpfException("count", "possible CPUs", (Errno)(-count));
    }
}
