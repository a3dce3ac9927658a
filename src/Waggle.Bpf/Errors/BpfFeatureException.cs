using Waggle.Linux;

namespace Waggle.Bpf;

/// <summary>The running kernel lacks something. Names it and the first kernel that has it.</summary>
public sealed class BpfFeatureException(string feature, KernelVersion minimumKernel, Errno errno = Errno.None)
    : BpfException("use", feature, errno, $"needs Linux {minimumKernel.Major}.{minimumKernel.Minor} or newer; this is {KernelVersion.Release}")
{
    /// <summary>The missing feature.</summary>
    public string Feature { get; } = feature;

    /// <summary>The first mainline kernel that has it.</summary>
    public KernelVersion MinimumKernel { get; } = minimumKernel;
}
