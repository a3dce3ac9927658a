using Microsoft.Extensions.Logging;
using Waggle.Kube.Client;
using Waggle.Kube.Events;
using Waggle.Kube.Resources;

namespace Waggle.Lab.Controllers;

/// <summary>A controller whose work is keyed by one object: changes put its key into a queue, workers synchronise it.</summary>
internal abstract partial class KeyedController : IController
{
    private const int Workers = 4;
    private readonly ILogger _logger;
    private readonly List<Func<Task>> _synced = [];

    private protected KeyedController(ControllerContext context, string name)
    {
        Name = name;
        Context = context;
        Queue = new(context.Time);
        Events = context.Events($"{name}-controller");
        _logger = context.Loggers.CreateLogger(GetType());
    }

    public string Name { get; }

    private protected ControllerContext Context { get; }

    private protected KubeClient Client => Context.Client;

    private protected WorkQueue<ObjectKey> Queue { get; }

    private protected EventRecorder Events { get; }

    private protected DateTimeOffset Now => Context.Time.GetUtcNow();

    public async Task RunAsync(CancellationToken cancellation)
    {
        try
        {
            await Task.WhenAll(_synced.Select(s => s())).WaitAsync(cancellation).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (cancellation.IsCancellationRequested)
        {
            return;
        }

        await Queue.RunAsync(Workers, SyncAsync, Failed, cancellation).ConfigureAwait(false);
    }

    /// <summary>Makes the world match the object (or its absence). An exception brings the key back after a while.</summary>
    private protected abstract Task SyncAsync(ObjectKey key, CancellationToken cancellation);

    /// <summary>Uses a shared informer: work starts only when it has synchronised, and changes go to the handler.</summary>
    private protected Kube.Informers.Informer<T> Watch<T>(ResourceType<T> type, Action<Kube.Informers.InformerChange<T>>? changed = null)
        where T : class
    {
        var informer = Context.Informer(type);
        _synced.Add(() => informer.Synced);
        if (changed is not null)
        {
            informer.OnChange(changed);
        }

        return informer;
    }

    private void Failed(ObjectKey key, Exception error)
    {
        // Somebody else was faster: expected, and the newer state is on its way.
        if (error is KubeApiException { IsConflict: true } or KubeApiException { IsNotFound: true })
        {
            LogRace(Name, key.ToString(), error.Message);
        }
        else
        {
            LogFailed(Name, key.ToString(), error.Message);
        }
    }

    [LoggerMessage(3001, LogLevel.Debug, "{Controller}: {Key} changed meanwhile, again: {Reason}")]
    private partial void LogRace(string controller, string key, string reason);

    [LoggerMessage(3002, LogLevel.Warning, "{Controller}: {Key} could not be synchronised, will be tried again: {Reason}")]
    private partial void LogFailed(string controller, string key, string reason);
}
