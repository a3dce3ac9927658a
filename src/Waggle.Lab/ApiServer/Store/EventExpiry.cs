namespace Waggle.Lab.ApiServer;

/// <summary>Removes Events that have outlived their time.</summary>
internal sealed class EventExpiry(ApiServerRuntime runtime) : IAsyncDisposable
{
    private static readonly TimeSpan s_interval = TimeSpan.FromMinutes(1);
    private Task _loop = Task.CompletedTask;

    public void Start() => _loop = RunAsync();

    public async ValueTask DisposeAsync()
    {
        try
        {
            await _loop;
        }
        catch (OperationCanceledException)
        {
            // The normal end.
        }
    }

    /// <summary>Removes what is too old now.</summary>
    public async Task SweepAsync()
    {
        var limit = runtime.Options.Time.GetUtcNow() - runtime.Options.EventTtl;
        var work = new List<Task>();
        foreach (var item in runtime.Store.Snapshot("events").Objects)
        {
            var last = J.ParseTime(J.Str(item.Tree, "lastTimestamp")) ?? J.ParseTime(J.Str(item.Tree, "eventTime")) ?? J.ParseTime(J.Str(item.Tree["metadata"], "creationTimestamp"));
            if (last < limit)
            {
                work.Add(RemoveAsync(item));
            }
        }
        await Task.WhenAll(work);
    }

    private async Task RemoveAsync(StoredObject item)
    {
        try
        {
            await runtime.Store.DeleteAsync("events", item.Key, item.Revision);
        }
        catch (Exception e) when (e is RevisionConflictException or StoreFullException or StoreException or ApiException)
        {
            // It changed meanwhile, or cannot be written now: the next sweep looks again.
        }
    }

    private async Task RunAsync()
    {
        while (true)
        {
            await Task.Delay(s_interval, runtime.Options.Time, runtime.Stopping);
            await SweepAsync();
        }
    }
}
