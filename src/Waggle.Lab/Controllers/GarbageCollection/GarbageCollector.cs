using System.Text.Json.Nodes;
using Microsoft.Extensions.Logging;
using Waggle.Kube.Client;
using Waggle.Kube.Informers;
using Waggle.Kube.Resources;

namespace Waggle.Lab.Controllers.GarbageCollection;

/// <summary>Deletes objects whose owners are gone, and carries out foreground and orphaning deletions.</summary>
/// <remarks>
/// All types that the server lets list and delete are watched, custom ones too, into one graph. Before anything is deleted the
/// owner's absence is asked of the server itself: a watch that lags must not cost an object.
/// </remarks>
internal sealed partial class GarbageCollector : IController
{
    private static readonly TimeSpan Rediscover = TimeSpan.FromSeconds(30);
    private readonly ControllerContext _context;
    private readonly ILogger _logger;
    private readonly ObjectGraph _graph = new();
    private readonly WorkQueue<string> _queue;
    private readonly Informer<CustomResourceDefinition> _definitions;
    private TaskCompletionSource _discover = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly Dictionary<string, GraphMonitor> _monitors = [];

    internal GarbageCollector(ControllerContext context)
    {
        _context = context;
        _logger = context.Loggers.CreateLogger<GarbageCollector>();
        _queue = new(context.Time);
        _definitions = context.Informer(KubeTypes.CustomResourceDefinitions);
        _definitions.OnChange(_ => Volatile.Read(ref _discover).TrySetResult());
    }

    public string Name => "garbage-collector";

    private KubeClient Client => _context.Client;

    public async Task RunAsync(CancellationToken cancellation)
    {
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        try
        {
            await Task.WhenAll(DiscoverAsync(stop.Token), _queue.RunAsync(4, SyncAsync, Failed, stop.Token)).ConfigureAwait(false);
        }
        finally
        {
            await stop.CancelAsync().ConfigureAwait(false);
            foreach (var monitor in _monitors.Values)
            {
                await monitor.StopAsync().ConfigureAwait(false);
                monitor.Dispose();
            }
        }
    }

    /// <summary>Keeps one monitor per deletable type; looks again when a CRD changes and now and then.</summary>
    private async Task DiscoverAsync(CancellationToken cancellation)
    {
        try
        {
            while (true)
            {
                Interlocked.Exchange(ref _discover, new(TaskCreationOptions.RunContinuationsAsynchronously));
                try
                {
                    Client.Discovery.Invalidate();
                    await MonitorAsync(await Client.Discovery.DeletableAsync(cancellation).ConfigureAwait(false), cancellation).ConfigureAwait(false);
                }
                catch (KubeApiException e)
                {
                    LogDiscovery(e.Message);
                }

                await Task.WhenAny(_discover.Task, Task.Delay(Rediscover, _context.Time, cancellation)).ConfigureAwait(false);
                cancellation.ThrowIfCancellationRequested();
            }
        }
        catch (OperationCanceledException) when (cancellation.IsCancellationRequested)
        {
        }
    }

    private async Task MonitorAsync(IReadOnlyList<ResourceType<JsonObject>> types, CancellationToken cancellation)
    {
        // Events are many, short-lived and own nothing.
        var wanted = types.Where(t => t.Plural != "events").ToDictionary(t => $"{t.Plural}.{t.Group}/{t.Version}");
        foreach (var (name, monitor) in _monitors.Where(m => !wanted.ContainsKey(m.Key)).ToList())
        {
            _monitors.Remove(name);
            await monitor.StopAsync().ConfigureAwait(false);
            monitor.Dispose();
        }

        foreach (var (name, type) in wanted.Where(t => !_monitors.ContainsKey(t.Key)))
        {
            var monitor = new GraphMonitor(_context, type, _graph, Changed, cancellation);
            _monitors[name] = monitor;
            monitor.Start();
        }
    }

    private void Changed(string uid, GraphNode? node)
    {
        _queue.Add(uid);
        foreach (var dependent in _graph.DependentsOf(uid))
        {
            _queue.Add(dependent.Uid);
        }

        // An owner in foreground deletion waits for this one.
        foreach (var owner in node?.Owners ?? [])
        {
            if (_graph.Find(owner.Uid) is { IsDeleting: true })
            {
                _queue.Add(owner.Uid);
            }
        }
    }

    private void Failed(string uid, Exception error)
    {
        if (error is not KubeApiException { IsConflict: true } && _graph.Find(uid) is { } node)
        {
            LogFailed(node.Type.Kind, node.Key.ToString(), error.Message);
        }
    }

    [LoggerMessage(3101, LogLevel.Warning, "garbage collector: cannot list the resource types, will be tried again: {Reason}")]
    private partial void LogDiscovery(string reason);

    [LoggerMessage(3102, LogLevel.Warning, "garbage collector: {Kind} {Key}: {Reason}")]
    private partial void LogFailed(string kind, string key, string reason);

    [LoggerMessage(3103, LogLevel.Information, "garbage collector: deleting {Kind} {Key}, its owner is gone")]
    private partial void LogDeleting(string kind, string key);
}
