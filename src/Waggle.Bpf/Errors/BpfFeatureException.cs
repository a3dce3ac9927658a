namespace Waggle.Bpf;

/// <summary>The running kernel lacks something. Names it and the first kernel that has it.</summary>
public sealed class BpfFeatureException(string feature, Version minimumKernel, int errno = 0)
    : BpfException("use", feature, errno, $"needs Linux {minimumKernel.ToString(2)} or newer, this is {Environment.OSVersion.Version}")
{
    /// <summary>The missing feature.</summary>
    public string Feature { get; } = feature;

    /// <summary>The first mainline kernel that has it.</summary>
    public Version MinimumKernel { get; } = minimumKernel;
}
