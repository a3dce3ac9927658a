using Microsoft.Extensions.Logging;

namespace Waggle.Lab.ApiServer;

/// <summary>The parts of one API server, wired together.</summary>
internal sealed class ApiServerRuntime : IAsyncDisposable
{
    private readonly CancellationTokenSource _stopping = new();

    private ApiServerRuntime(ApiServerOptions options, ObjectStore store)
    {
        Options = options;
        Store = store;
        Pipeline = new RequestPipeline(this);
    }

    public ApiServerOptions Options { get; }

    public ObjectStore Store { get; }

    public RequestPipeline Pipeline { get; }

    /// <summary>Signalled when the server stops: watches and streams end.</summary>
    public CancellationToken Stopping => _stopping.Token;

    public static Task<ApiServerRuntime> OpenAsync(ApiServerOptions options, ILoggerFactory loggers, CancellationToken cancellation)
    {
        var storeOptions = new StoreOptions(options.DataDirectory)
        {
            WatchWindow = options.WatchWindow,
            MaxObjectBytes = options.MaxObjectBytes,
            SnapshotAfterBytes = options.SnapshotAfterBytes,
        };
        var store = ObjectStore.Open(storeOptions, loggers.CreateLogger<ObjectStore>());
        return Task.FromResult(new ApiServerRuntime(options, store));
    }

    public void BeginShutdown() => _stopping.Cancel();

    public async ValueTask DisposeAsync()
    {
        await Store.DisposeAsync();
        _stopping.Dispose();
    }
}
