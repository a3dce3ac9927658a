using Waggle.Kube.Resources;
using Waggle.Lab.Nodes.Images;
using Waggle.Lab.Nodes.Launching;
using Waggle.Lab.Nodes.Variables;

namespace Waggle.Lab.Nodes.Pods;

/// <summary>Runs one container of a pod: starts it, starts it again by the pod's restart policy with back-off, and stops it.</summary>
internal sealed partial class ContainerRunner : IDisposable
{
    private static readonly TimeSpan RetryPreparation = TimeSpan.FromSeconds(1);

    private readonly PodScope _scope;
    private readonly string _policy;
    private readonly RestartBackOff _backOff = new();
    private readonly CancellationTokenSource _stop = new();
    private readonly TaskCompletionSource _started = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private ContainerSnapshot _snapshot;
    private ContainerInstance? _instance;

    /// <param name="scope">The pod.</param>
    /// <param name="container">The container.</param>
    /// <param name="policy"><c>Always</c>, <c>OnFailure</c> or <c>Never</c>.</param>
    /// <param name="before">Its status from before this node runtime was started; null for a new pod.</param>
    /// <param name="waiting">The reason shown until it starts.</param>
    public ContainerRunner(PodScope scope, Container container, string policy, ContainerStatus? before, string waiting)
    {
        _scope = scope;
        Container = container;
        _policy = policy;
        _snapshot = new ContainerSnapshot { Name = container.Name, Image = container.Image ?? "", State = ContainerSnapshot.WaitingFor(waiting) };
        if (before?.ContainerId is not null)
        {
            ContainerStateTerminated lost = before.State?.Terminated ?? new ContainerStateTerminated
            {
                ExitCode = 137,
                Reason = "ContainerStatusUnknown",
                Message = "The node was restarted while the container ran",
                StartedAt = before.State?.Running?.StartedAt,
                FinishedAt = scope.Node.Time.GetUtcNow(),
                ContainerId = before.ContainerId,
            };
            _snapshot = _snapshot with { RestartCount = before.RestartCount + 1, LastState = new ContainerState { Terminated = lost } };
        }
    }

    public Container Container { get; }

    public ContainerSnapshot Snapshot => Volatile.Read(ref _snapshot);

    /// <summary>The instance that runs now, or null.</summary>
    public ContainerInstance? Instance => Volatile.Read(ref _instance);

    /// <summary>Completes when it runs and, with a startup probe, has passed it.</summary>
    public Task Started => _started.Task;

    /// <summary>Runs until the container is finished or <see cref="StopAsync"/> was called. The last state tells how it ended.</summary>
    public async Task RunAsync()
    {
        try
        {
            while (await RunOnceAsync().ConfigureAwait(false) is { } end)
            {
                if (_policy == "Never" || (_policy == "OnFailure" && end.ExitCode == 0) || _stop.IsCancellationRequested)
                    break;
                TimeSpan ran = (end.FinishedAt - end.StartedAt) ?? TimeSpan.Zero;
                await WaitAsync(_backOff.Next(ran), end).ConfigureAwait(false);
                Update(snapshot => snapshot with { RestartCount = snapshot.RestartCount + 1 });
            }
        }
        catch (OperationCanceledException) when (_stop.IsCancellationRequested)
        {
            // Stopped while it waited.
        }
        finally
        {
            Update(static snapshot => snapshot with { Finished = true, Ready = false });
            _started.TrySetResult();
        }
    }

    /// <summary>The container of a pod that was lost with its node and is not to be started again.</summary>
    public void Abandon() => Update(static snapshot => snapshot with { State = snapshot.LastState ?? snapshot.State, LastState = null, RestartCount = Math.Max(0, snapshot.RestartCount - 1), Finished = true });

    private async Task WaitAsync(TimeSpan wait, ContainerStateTerminated end)
    {
        ContainerState last = new() { Terminated = end };
        if (wait == TimeSpan.Zero)
        {
            Update(snapshot => snapshot with { LastState = last });
            return;
        }
        string message = $"back-off {(wait.TotalMinutes >= 1 ? $"{(int)wait.TotalMinutes}m{wait.Seconds}s" : $"{wait.Seconds}s")} restarting failed container={Container.Name} pod={_scope.FullName}";
        Update(snapshot => snapshot with { State = ContainerSnapshot.WaitingFor("CrashLoopBackOff", message), LastState = last, Ready = false, Started = false });
        _scope.Node.Events.Warning(_scope.Pod, Container.Name, "BackOff", $"Back-off restarting failed container {Container.Name} in pod {_scope.FullName}");
        await Task.Delay(wait, _scope.Node.Time, _stop.Token).ConfigureAwait(false);
    }

    public void Dispose() => _stop.Dispose();

    /// <summary>One run, or null when the node itself ends.</summary>
    private async Task<ContainerStateTerminated?> RunOnceAsync()
    {
        while (true)
        {
            ContainerPlan plan = await PrepareAsync().ConfigureAwait(false);
            try
            {
                using ContainerInstance instance = await ContainerInstance.StartAsync(_scope, Container, plan, Snapshot.RestartCount, _stop.Token).ConfigureAwait(false);
                return await WatchAsync(instance).ConfigureAwait(false);
            }
            catch (LaunchException e) when (e.Failure is LaunchFailure.NotFound or LaunchFailure.NotExecutable)
            {
                return EndOfMissing(plan, e);
            }
            catch (LaunchException e) when (e.Failure is LaunchFailure.NodeLost)
            {
                return null;
            }
            catch (LaunchException e)
            {
                // A volume or the kernel refused: things may be mended meanwhile.
                Update(snapshot => snapshot with { State = ContainerSnapshot.WaitingFor("CreateContainerError", e.Message) });
                _scope.Node.Events.Warning(_scope.Pod, Container.Name, e.Failure == LaunchFailure.Mount ? "FailedMount" : "Failed", $"Error: {e.Message}");
            }
            await Task.Delay(TimeSpan.FromSeconds(5), _scope.Node.Time, _stop.Token).ConfigureAwait(false);
        }
    }

    /// <summary>Works out what to run; a missing image, object or key is waited for.</summary>
    private async Task<ContainerPlan> PrepareAsync()
    {
        TimeSpan wait = RetryPreparation;
        for (int attempt = 0; ; attempt++)
        {
            _stop.Token.ThrowIfCancellationRequested();
            try
            {
                return ContainerPlan.Make(_scope, Container);
            }
            catch (ImageException e)
            {
                ReportImage(e.Message, attempt);
                wait = attempt == 0 ? RetryPreparation : RestartBackOff.First * Math.Min(30, 1 << Math.Min(attempt - 1, 5));
            }
            catch (Exception e) when (e is ReferenceException or FormatException)
            {
                Update(snapshot => snapshot with { State = ContainerSnapshot.WaitingFor("CreateContainerConfigError", e.Message) });
                _scope.Node.Events.Warning(_scope.Pod, Container.Name, "Failed", $"Error: {e.Message}");
                wait = TimeSpan.FromSeconds(Math.Min(10, wait.TotalSeconds * 1.5));
            }
            await Task.Delay(wait, _scope.Node.Time, _stop.Token).ConfigureAwait(false);
        }
    }

    private void ReportImage(string message, int attempt)
    {
        string image = Container.Image ?? "";
        if (attempt == 0)
        {
            Update(snapshot => snapshot with { State = ContainerSnapshot.WaitingFor("ErrImagePull", message) });
            _scope.Node.Events.Normal(_scope.Pod, Container.Name, "Pulling", $"Pulling image \"{image}\"");
            _scope.Node.Events.Warning(_scope.Pod, Container.Name, "Failed", $"Failed to pull image \"{image}\": {message}");
            _scope.Node.Events.Warning(_scope.Pod, Container.Name, "Failed", "Error: ErrImagePull");
            return;
        }
        Update(snapshot => snapshot with { State = ContainerSnapshot.WaitingFor("ImagePullBackOff", $"Back-off pulling image \"{image}\": {message}") });
        _scope.Node.Events.Normal(_scope.Pod, Container.Name, "BackOff", $"Back-off pulling image \"{image}\"");
        _scope.Node.Events.Warning(_scope.Pod, Container.Name, "Failed", "Error: ImagePullBackOff");
    }

    /// <summary>A program that is not there counts as a run that failed at once.</summary>
    private ContainerStateTerminated EndOfMissing(ContainerPlan plan, LaunchException failure)
    {
        string message = $"failed to start container: {failure.Message}{Hint(plan)}";
        _scope.Node.Events.Warning(_scope.Pod, Container.Name, "Failed", $"Error: {message}");
        DateTimeOffset now = _scope.Node.Time.GetUtcNow();
        var end = new ContainerStateTerminated { ExitCode = 128, Reason = "StartError", Message = message, StartedAt = now, FinishedAt = now, ContainerId = $"waggle://{plan.Id}" };
        Update(snapshot => snapshot with { State = new ContainerState { Terminated = end }, ContainerId = plan.Id, Ready = false, Started = false });
        return end;
    }

    private string Hint(ContainerPlan plan)
    {
        string program = plan.Spec.Process.Arguments[0];
        string? package = _scope.Node.Images.PackageOf(Path.GetFileName(program));
        return package is not null
            ? $". Containers run the programs of this machine: install it with `apt-get install {package}`"
            : ". Containers run the programs of this machine: install the Debian package that has it (docs/lab.md, \"Images\")";
    }

    private void Update(Func<ContainerSnapshot, ContainerSnapshot> change)
    {
        ContainerSnapshot before, after;
        do
        {
            before = Snapshot;
            after = change(before);
        }
        while (Interlocked.CompareExchange(ref _snapshot, after, before) != before);
        _scope.Changed();
    }
}
