namespace Waggle.Bpf;

/// <summary>How to open an object; the zero value is the default.</summary>
public sealed record BpfObjectOptions
{
    /// <summary>Name that prefixes internal maps in the kernel's lists (first 8 characters); default "waggle".</summary>
    public string Name { get; init; } = "waggle";
}
