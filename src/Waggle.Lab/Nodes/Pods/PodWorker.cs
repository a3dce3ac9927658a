using Microsoft.Extensions.Logging;
using Waggle.Kube.Client;
using Waggle.Kube.Resources;
using Waggle.Lab.Nodes.Variables;

namespace Waggle.Lab.Nodes.Pods;

/// <summary>
/// Runs one pod from its assignment to the node until it is gone. In order: volumes → sandbox and network → init containers one
/// after the other → containers side by side → (deletion or completion) stop → network and sandbox away → object deleted.
/// </summary>
internal sealed partial class PodWorker : IDisposable
{
    private readonly NodeContext _node;
    private readonly ILogger _logger;
    private readonly PodScope _scope;
    private readonly PodSandbox _sandbox;
    private readonly PodStatusWriter _status;
    private readonly IReadOnlyList<ContainerRunner> _init;
    private readonly IReadOnlyList<ContainerRunner> _containers;
    private readonly List<(ContainerRunner Runner, Task Run)> _started = [];
    private readonly CancellationTokenSource _stopping = new();
    private readonly TaskCompletionSource _terminate = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource _completed = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource _reported = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly SemaphoreSlim _syncing = new(1);
    private readonly DateTimeOffset _startTime;
    private readonly bool _lost;
    private TimeSpan _grace = TimeSpan.FromSeconds(30);
    private bool _vanished;
    private bool _abandoned;
    private bool _sandboxReady;
    private bool _initialized;
    private bool _finished;
    private (string Reason, string Message)? _failure;

    /// <param name="node">The node.</param>
    /// <param name="pod">A pod that is assigned to it.</param>
    public PodWorker(NodeContext node, Pod pod)
    {
        _node = node;
        _logger = node.Logger;
        _scope = new PodScope(node, pod, () => _status?.Changed());
        _sandbox = new PodSandbox(_scope);
        _startTime = pod.Status.StartTime ?? node.Time.GetUtcNow();
        // Containers of before, that must not run twice: the pod was lost with the node.
        _lost = pod.Spec.RestartPolicy == "Never" && pod.Status.ContainerStatuses.Any(status => status.ContainerId is not null);
        string policy = pod.Spec.RestartPolicy ?? "Always";
        _init = [.. pod.Spec.InitContainers.Select(container => Runner(container, container.RestartPolicy == "Always" ? "Always" : policy == "Never" ? "Never" : "OnFailure", pod.Status.InitContainerStatuses, "PodInitializing"))];
        _containers = [.. pod.Spec.Containers.Select(container => Runner(container, policy, pod.Status.ContainerStatuses, _init.Count > 0 ? "PodInitializing" : "ContainerCreating"))];
        _status = new PodStatusWriter(node.Client, node.Time, node.Logger, Facts);
    }

    public Pod Pod => _scope.Pod;

    public PodScope Scope => _scope;

    /// <summary>Completes when nothing of the pod is left on the node; never fails.</summary>
    public Task Completion => _completed.Task;

    /// <summary>Completes when the API has the pod's status as this worker sees it.</summary>
    public Task Reported => _reported.Task;

    public void Start()
    {
        _ = Task.Run(RunAsync);
        if (Pod.Metadata.DeletionTimestamp is not null)
            Update(Pod);
    }

    /// <summary>The pod's object has changed.</summary>
    public void Update(Pod pod)
    {
        _scope.Pod = pod;
        if (pod.Metadata.DeletionTimestamp is null)
            return;
        Terminate(TimeSpan.FromSeconds(pod.Metadata.DeletionGracePeriodSeconds ?? pod.Spec.TerminationGracePeriodSeconds ?? 30));
    }

    /// <summary>The pod's object is gone, whoever removed it.</summary>
    public void Vanish()
    {
        Volatile.Write(ref _vanished, true);
        Terminate(TimeSpan.FromSeconds(Math.Min(2, Pod.Spec.TerminationGracePeriodSeconds ?? 2)));
        foreach ((ContainerRunner runner, _) in StartedRunners())
            runner.Instance?.Process.Signal(9);
    }

    /// <summary>The node itself ends: the pod's containers are killed, and the API keeps what it last heard of them.</summary>
    public void Abandon()
    {
        Volatile.Write(ref _abandoned, true);
        _status.Close();
        Volatile.Write(ref _vanished, true);
        Terminate(TimeSpan.Zero);
    }

    /// <summary>A ConfigMap or Secret has changed, or time has passed: generated volumes follow.</summary>
    public async Task RefreshVolumesAsync(CancellationToken cancellation)
    {
        if (!Volatile.Read(ref _sandboxReady) || _terminate.Task.IsCompleted)
            return;
        await _syncing.WaitAsync(cancellation).ConfigureAwait(false);
        try
        {
            await _node.Volumes.SyncAsync(Pod, _scope.Addresses, cancellation).ConfigureAwait(false);
        }
        catch (Exception e) when (e is ReferenceException or KubeApiException or IOException)
        {
            LogVolumes(_scope.FullName, e.Message);
        }
        finally
        {
            _syncing.Release();
        }
    }

    /// <summary>A container by name; null or empty takes the default one.</summary>
    public ContainerRunner? Find(string? container)
    {
        if (string.IsNullOrEmpty(container))
            container = Pod.Metadata.Annotations.GetValueOrDefault("kubectl.kubernetes.io/default-container") ?? Pod.Spec.Containers.FirstOrDefault()?.Name;
        return _containers.Concat(_init).FirstOrDefault(runner => runner.Container.Name == container);
    }

    public void Dispose()
    {
        _stopping.Dispose();
        _syncing.Dispose();
        _status.Dispose();
        foreach (ContainerRunner runner in _init.Concat(_containers))
            runner.Dispose();
    }

    private ContainerRunner Runner(Container container, string policy, IReadOnlyList<ContainerStatus> before, string waiting) =>
        new(_scope, container, policy, before.FirstOrDefault(status => status.Name == container.Name), waiting);

    private List<(ContainerRunner Runner, Task Run)> StartedRunners()
    {
        lock (_started)
            return [.. _started];
    }

    private void Terminate(TimeSpan grace)
    {
        if (!_terminate.Task.IsCompleted)
            _grace = grace;
        _terminate.TrySetResult();
        try
        {
            _stopping.Cancel();
        }
        catch (ObjectDisposedException)
        {
            // Nothing of it is left.
        }
    }

    private PodFacts Facts() => new()
    {
        Pod = Pod,
        InitContainers = [.. _init.Select(runner => runner.Snapshot)],
        Containers = [.. _containers.Select(runner => runner.Snapshot)],
        PodIps = _scope.Addresses.PodIps,
        HostIps = _scope.Addresses.HostIps,
        StartTime = _startTime,
        SandboxReady = Volatile.Read(ref _sandboxReady),
        Initialized = Volatile.Read(ref _initialized),
        Finished = Volatile.Read(ref _finished),
        FailureReason = _failure?.Reason,
        FailureMessage = _failure?.Message,
    };

    [LoggerMessage(1, LogLevel.Warning, "pod {Pod}: volumes not brought up to date: {Reason}")]
    private partial void LogVolumes(string pod, string reason);

    [LoggerMessage(2, LogLevel.Warning, "pod {Pod}: sandbox not made, will retry: {Reason}")]
    private partial void LogSandbox(string pod, string reason);

    [LoggerMessage(3, LogLevel.Error, "pod {Pod}: unexpected failure")]
    private partial void LogUnexpected(Exception exception, string pod);

    [LoggerMessage(4, LogLevel.Warning, "pod {Pod}: {Reason}")]
    private partial void LogProblem(string pod, string reason);
}
