using Waggle.Datapath.Loading;
using Waggle.Datapath.Maps;

namespace Waggle.Agent.Datapath;

/// <summary>The loaded programs and maps; replaced as a whole when the programs are loaded again.</summary>
public sealed class DatapathState
{
    private volatile LoadedDatapath? _loaded;

    /// <summary>Wait for <see cref="Startup.Readiness.Datapath"/> before.</summary>
    public LoadedDatapath Loaded => _loaded ?? throw new InvalidOperationException("the datapath is not loaded yet");

    public DatapathMaps Maps => Loaded.Maps;

    public bool IsLoaded => _loaded is not null;

    internal LoadedDatapath? Replace(LoadedDatapath next) => Interlocked.Exchange(ref _loaded, next);
}
