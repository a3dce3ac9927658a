using System.Collections.Immutable;

namespace Waggle.Datapath.Loading;

/// <summary>The compiled objects of <c>bpf/progs</c> that this assembly carries.</summary>
public static class EmbeddedObjects
{
    private const string Prefix = "bpf/";
    private const string Suffix = ".bpf.o";

    /// <summary>The object of <see cref="Multicast.FanOut"/>, which loads it when it is needed.</summary>
    internal const string FanOut = "fan_out";

    /// <summary>The object of <see cref="Capturing.DeviceCapture"/>, which loads it when somebody records.</summary>
    internal const string Capture = "capture";

    /// <summary>
    /// Those that are loaded together, without directory and suffix ("pod"): not the one that exists for its BTF only ("abi"), and not
    /// <see cref="FanOut"/> and <see cref="Capture"/>.
    /// </summary>
    public static ImmutableArray<string> Names { get; } =
        [.. typeof(EmbeddedObjects).Assembly.GetManifestResourceNames()
            .Where(n => n.StartsWith(Prefix, StringComparison.Ordinal) && n.EndsWith(Suffix, StringComparison.Ordinal))
            .Select(n => n[Prefix.Length..^Suffix.Length])
            .Where(n => n is not ("abi" or FanOut or Capture))
            .Order(StringComparer.Ordinal)];

    /// <summary>The ELF bytes of an object.</summary>
    /// <exception cref="KeyNotFoundException">There is no such object.</exception>
    public static byte[] Read(string name)
    {
        using var stream = typeof(EmbeddedObjects).Assembly.GetManifestResourceStream(Prefix + name + Suffix)
            ?? throw new KeyNotFoundException($"there is no BPF object '{name}'; there are: {string.Join(", ", Names)}");
        var bytes = new byte[stream.Length];
        stream.ReadExactly(bytes);
        return bytes;
    }
}
