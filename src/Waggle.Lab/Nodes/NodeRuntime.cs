using System.Collections.Concurrent;
using Microsoft.Extensions.Logging;
using Waggle.Kube.Client;
using Waggle.Kube.Informers;
using Waggle.Kube.Resources;
using Waggle.Lab.Nodes.Cni;
using Waggle.Lab.Nodes.Images;
using Waggle.Lab.Nodes.Launching;
using Waggle.Lab.Nodes.Pods;
using Waggle.Lab.Nodes.Probes;
using Waggle.Lab.Nodes.Registration;
using Waggle.Lab.Nodes.Variables;
using Waggle.Lab.Nodes.Volumes;

namespace Waggle.Lab.Nodes;

/// <summary>
/// One node of a lab: a small kubelet. It registers the node, watches the pods assigned to it and runs each with a
/// <see cref="PodWorker"/>. It knows the rest of the cluster only through the API.
/// </summary>
internal sealed partial class NodeRuntime : INodeRuntime, IAsyncDisposable
{
    private static readonly TimeSpan RefreshVolumes = TimeSpan.FromMinutes(1);

    private readonly NodeContext _context;
    private readonly NodeObjects _objects;
    private readonly ILoggerFactory _loggers;
    private readonly ILogger _logger;
    private readonly ConcurrentDictionary<string, PodWorker> _workers = new();
    private readonly Action<ObjectKey> _objectChanged;
    private volatile bool _ending;
    private readonly TaskCompletionSource _reported = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <param name="options">The node.</param>
    /// <param name="holder">Its namespaces; owned by the runtime from now on.</param>
    /// <param name="paths">Its directories.</param>
    /// <param name="client">The API as this node's kubelet.</param>
    /// <param name="objects">ConfigMaps and Secrets.</param>
    /// <param name="images">Images and their programs.</param>
    /// <param name="loggers">Logs.</param>
    /// <param name="time">The clock.</param>
    public NodeRuntime(NodeOptions options, NodeHolder holder, NodePaths paths, KubeClient client, NodeObjects objects, ImageTable images, ILoggerFactory loggers, TimeProvider time)
    {
        _objects = objects;
        _loggers = loggers;
        _logger = loggers.CreateLogger<NodeRuntime>();
        var tokens = new TokenIssuer(client, time);
        var known = new ConcurrentDictionary<string, string>();
        _context = new NodeContext
        {
            Options = options,
            Paths = paths,
            Holder = holder,
            Client = client,
            Images = images,
            Variables = new ContainerVariables(objects, ClusterVariables.Of(options.ApiServer)),
            Volumes = new PodVolumes(new VolumeContent(objects, tokens), paths, options.CaPem),
            Tokens = tokens,
            Events = new NodeEvents(client, options.Name, time),
            Network = new CniNetwork(paths.CniConfiguration, (file, reason) =>
            {
                // Looked at often: say it once.
                if (known.TryAdd($"{file} {reason}", ""))
                    LogInvalidNetwork(options.Name, file, reason);
            }),
            Probes = new ProbeExecutor(holder),
            Time = time,
            Logger = loggers.CreateLogger<PodWorker>(),
        };
        _objectChanged = changed => _ = RefreshAsync(changed);
    }

    public string Name => _context.Options.Name;

    /// <summary>Completes when the API has the true status of the node and of every pod that was assigned to it at the start.</summary>
    public Task Reported => _reported.Task;

    internal NodeHolder Holder => _context.Holder;

    /// <summary>Runs the node until cancelled. Pods keep running until <see cref="DisposeAsync"/> ends the node.</summary>
    public async Task RunAsync(CancellationToken cancellation)
    {
        await _objects.Synced.WaitAsync(cancellation).ConfigureAwait(false);
        var pods = new Informer<Pod>(_context.Client, KubeTypes.Pods, new ReflectorOptions { FieldSelector = $"spec.nodeName={Name}" }, _loggers.CreateLogger<Informer<Pod>>());
        pods.OnChange(OnPod);
        _objects.Changed += _objectChanged;
        using var registrar = new NodeRegistrar(_context.Client, _context.Options, _context.Network, _context.Time, _loggers.CreateLogger<NodeRegistrar>());
        try
        {
            await Task.WhenAll(_context.Events.RunAsync(cancellation), registrar.RunAsync(cancellation), pods.RunAsync(cancellation), RefreshLoopAsync(cancellation), ReportAsync(registrar, pods, cancellation)).ConfigureAwait(false);
        }
        finally
        {
            _objects.Changed -= _objectChanged;
        }
    }

    /// <summary>Ends the node with everything on it, at once.</summary>
    public async ValueTask DisposeAsync()
    {
        // First, so that nothing is started again that the node's end ends.
        _ending = true;
        Thread.MemoryBarrier();
        foreach (PodWorker worker in _workers.Values)
            worker.Abandon();
        await _context.Holder.DisposeAsync().ConfigureAwait(false);
        await Task.WhenAll(_workers.Values.Select(worker => worker.Completion)).ConfigureAwait(false);
        _context.Network.Dispose();
        _context.Probes.Dispose();
    }

    private async Task ReportAsync(NodeRegistrar registrar, Informer<Pod> pods, CancellationToken cancellation)
    {
        try
        {
            await registrar.Reported.WaitAsync(cancellation).ConfigureAwait(false);
            await pods.Synced.WaitAsync(cancellation).ConfigureAwait(false);
            await Task.WhenAll(_workers.Values.Select(worker => worker.Reported)).WaitAsync(cancellation).ConfigureAwait(false);
            _reported.TrySetResult();
        }
        catch (OperationCanceledException)
        {
            _reported.TrySetCanceled(CancellationToken.None);
        }
    }

    private void OnPod(InformerChange<Pod> change)
    {
        string uid = change.Object.Metadata.Uid ?? "";
        if (change.New is null)
        {
            if (_workers.TryGetValue(uid, out PodWorker? gone))
                gone.Vanish();
            return;
        }
        if (_workers.TryGetValue(uid, out PodWorker? worker))
        {
            worker.Update(change.New);
            return;
        }
        worker = new PodWorker(_context, change.New);
        _workers[uid] = worker;
        // Looked at after the worker can be seen: either we notice the end, or the end notices the worker.
        if (_ending)
            worker.Abandon();
        worker.Start();
        _ = ForgetAsync(uid, worker);
    }

    private async Task ForgetAsync(string uid, PodWorker worker)
    {
        await worker.Completion.ConfigureAwait(false);
        _workers.TryRemove(uid, out _);
        worker.Dispose();
    }

    /// <summary>Generated volumes of the pods that may refer to the object. Asking all pods of the namespace is cheap: equal content is not written.</summary>
    private async Task RefreshAsync(ObjectKey changed)
    {
        // The informer's handlers run before its own copy is complete for others; leave its loop first.
        await Task.Yield();
        foreach (PodWorker worker in _workers.Values.Where(worker => worker.Pod.Metadata.Namespace == changed.Namespace && Refers(worker.Pod, changed.Name)))
            await worker.RefreshVolumesAsync(CancellationToken.None).ConfigureAwait(false);
    }

    private static bool Refers(Pod pod, string name) => pod.Spec.Volumes.Any(volume =>
        volume.ConfigMap?.Name == name || volume.Secret?.SecretName == name
        || volume.Projected?.Sources.Any(source => source.ConfigMap?.Name == name || source.Secret?.Name == name) == true);

    /// <summary>Tokens expire: they are renewed in time.</summary>
    private async Task RefreshLoopAsync(CancellationToken cancellation)
    {
        try
        {
            while (true)
            {
                await Task.Delay(RefreshVolumes, _context.Time, cancellation).ConfigureAwait(false);
                foreach (PodWorker worker in _workers.Values)
                    await worker.RefreshVolumesAsync(cancellation).ConfigureAwait(false);
            }
        }
        catch (OperationCanceledException)
        {
            // The node stops.
        }
    }

    [LoggerMessage(3311, LogLevel.Warning, "node {Node}: {File} is no CNI configuration: {Reason}")]
    private partial void LogInvalidNetwork(string node, string file, string reason);
}
