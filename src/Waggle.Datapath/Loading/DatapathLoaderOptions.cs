using Waggle.Datapath.Maps;

namespace Waggle.Datapath.Loading;

/// <summary>How the loader works; the default is a node.</summary>
public sealed record DatapathLoaderOptions
{
    /// <summary>Where to pin.</summary>
    public DatapathPaths Paths { get; init; } = new();

    /// <summary>Objects to load by name, as ELF bytes; default all embedded ones.</summary>
    public IReadOnlyDictionary<string, byte[]>? Objects { get; init; }

    /// <summary>Capacities that differ from those in C, by map name (ring buffer: bytes, a power of two).</summary>
    public IReadOnlyDictionary<string, uint> MapSizes { get; init; } = new Dictionary<string, uint>();

    /// <summary>Programs that user space runs itself, pinned by name so that commands can.</summary>
    public IReadOnlyCollection<string> PinnedPrograms { get; init; } = ["mcast_control"];

    /// <summary>What is known of a shared map.</summary>
    internal Func<string, MapDefinition?> Catalogue { get; init; } = MapCatalogue.Find;
}
