using Microsoft.Extensions.Logging;

namespace Waggle.Lab.ApiServer;

/// <summary>The parts of one API server, wired together.</summary>
internal sealed class ApiServerRuntime : IAsyncDisposable
{
    private readonly CancellationTokenSource _stopping = new();
    private readonly EventExpiry _expiry;
    private ApiSurface _surface;

    private ApiServerRuntime(ApiServerOptions options, ObjectStore store, ILoggerFactory loggers)
    {
        Options = options;
        Store = store;
        var library = SchemaLibrary.Load();
        Crds = new CrdRegistry(this, library, loggers.CreateLogger<CrdRegistry>());
        _surface = Crds.Load();
        store.Publishing = Crds.Publishing;
        Tokens = new ServiceAccountTokens(options.Pki, store, options.Time);
        Rbac = new RbacAuthorizer(store);
        Authorizer = options.Authorizer ?? Rbac;
        Services = new ServiceAllocator(this);
        Rules = new KindRulesTable(this);
        Writer = new ObjectWriter(this);
        Deleter = new ObjectDeleter(this);
        Applier = new ObjectApplier(this);
        Pipeline = new RequestPipeline(this, loggers.CreateLogger<RequestPipeline>());
        _expiry = new EventExpiry(this);
    }

    public ApiServerOptions Options { get; }

    public ObjectStore Store { get; }

    /// <summary>What is served now; replaced when a CRD changes.</summary>
    public ApiSurface Surface
    {
        get => Volatile.Read(ref _surface);
        set => Volatile.Write(ref _surface, value);
    }

    public CrdRegistry Crds { get; }

    public ServiceAccountTokens Tokens { get; }

    public IAuthorizer Authorizer { get; }

    /// <summary>What the stored roles say, also where another authorizer decides.</summary>
    public RbacAuthorizer Rbac { get; }

    public ServiceAllocator Services { get; }

    public KindRulesTable Rules { get; }

    public ObjectWriter Writer { get; }

    public ObjectDeleter Deleter { get; }

    public ObjectApplier Applier { get; }

    public RequestPipeline Pipeline { get; }

    /// <summary>Signalled when the server stops: watches and streams end.</summary>
    public CancellationToken Stopping => _stopping.Token;

    public static async Task<ApiServerRuntime> OpenAsync(ApiServerOptions options, ILoggerFactory loggers, CancellationToken cancellation)
    {
        var storeOptions = new StoreOptions(options.DataDirectory)
        {
            WatchWindow = options.WatchWindow,
            MaxObjectBytes = options.MaxObjectBytes,
            SnapshotAfterBytes = options.SnapshotAfterBytes,
            Sync = options.JournalSync,
        };
        var store = ObjectStore.Open(storeOptions, loggers.CreateLogger<ObjectStore>());
        try
        {
            var runtime = new ApiServerRuntime(options, store, loggers);
            await Bootstrap.EnsureAsync(runtime, cancellation);
            runtime.Crds.Resume();
            runtime._expiry.Start();
            return runtime;
        }
        catch
        {
            await store.DisposeAsync();
            throw;
        }
    }

    public void BeginShutdown() => _stopping.Cancel();

    public async ValueTask DisposeAsync()
    {
        await _stopping.CancelAsync();
        await _expiry.DisposeAsync();
        await Store.DisposeAsync();
        _stopping.Dispose();
    }
}
