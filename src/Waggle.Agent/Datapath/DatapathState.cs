using Waggle.Datapath.Loading;
using Waggle.Datapath.Maps;

namespace Waggle.Agent.Datapath;

/// <summary>The loaded programs and maps; replaced as a whole when the programs are loaded again.</summary>
public sealed class DatapathState
{
    private volatile LoadedDatapath? _loaded;
    private volatile TaskCompletionSource _changed = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>Wait for <see cref="Startup.Readiness.Datapath"/> before.</summary>
    public LoadedDatapath Loaded => _loaded ?? throw new InvalidOperationException("the datapath is not loaded yet");

    public DatapathMaps Maps => Loaded.Maps;

    public bool IsLoaded => _loaded is not null;

    /// <summary>Completes when the programs and maps are replaced the next time.</summary>
    public Task NextChange => _changed.Task;

    internal LoadedDatapath? Replace(LoadedDatapath next)
    {
        LoadedDatapath? before = Interlocked.Exchange(ref _loaded, next);
        Interlocked.Exchange(ref _changed, new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously)).TrySetResult();
        return before;
    }
}
