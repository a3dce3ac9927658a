namespace Waggle.Bench.Programs;

/// <summary>The objects of <c>bench/bpf</c>, compiled like the product's and embedded here.</summary>
internal static class BenchObjects
{
    internal static byte[] Read(string name)
    {
        using var stream = typeof(BenchObjects).Assembly.GetManifestResourceStream($"bpf/{name}.bpf.o")
            ?? throw new FileNotFoundException($"there is no BPF object {name} in the benchmarks");
        var bytes = new byte[stream.Length];
        stream.ReadExactly(bytes);
        return bytes;
    }
}
