using Microsoft.Extensions.Logging.Abstractions;
using Waggle.Bpf.Tests.Support;
using Waggle.Datapath.Loading;
using Waggle.Datapath.Maps;

namespace Waggle.Datapath.Tests.Loading;

/// <summary>A bpffs of its own and loaders for the test objects.</summary>
internal sealed class LoaderFixture : IDisposable
{
    private readonly TestBpffs fs = new();

    internal DatapathPaths Paths => new(fs.Path);

    internal static byte[] Object(string name)
    {
        using var stream = typeof(LoaderFixture).Assembly.GetManifestResourceStream($"bpf/{name}.bpf.o")
            ?? throw new InvalidOperationException($"no embedded object {name}");
        var bytes = new byte[stream.Length];
        stream.ReadExactly(bytes);
        return bytes;
    }

    internal LoadedDatapath Load(string[] objects, DatapathConfig? config = null, Dictionary<string, uint>? sizes = null, Func<string, MapDefinition?>? catalogue = null) =>
        new DatapathLoader(
            new DatapathLoaderOptions { Paths = Paths, Objects = objects.ToDictionary(o => o, Object), MapSizes = sizes ?? [], Catalogue = catalogue ?? MapCatalogue.Find },
            NullLogger<DatapathLoader>.Instance).Load(config ?? new DatapathConfig());

    public void Dispose() => fs.Dispose();
}

internal record struct Row(ulong Packets, ulong Bytes);
