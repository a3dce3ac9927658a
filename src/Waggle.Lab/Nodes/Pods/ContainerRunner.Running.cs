using Waggle.Kube.Resources;
using Waggle.Lab.Nodes.Launching;
using Waggle.Lab.Nodes.Probes;

namespace Waggle.Lab.Nodes.Pods;

internal sealed partial class ContainerRunner
{
    private const int SignalTerminate = 15;

    private const int SignalKill = 9;

    /// <summary>Ends the container for good: preStop, SIGTERM, and SIGKILL when the time is over. Also while it waits or starts.</summary>
    /// <param name="grace">How long it may take.</param>
    /// <param name="reason">Shown in the event.</param>
    public async Task StopAsync(TimeSpan grace, string reason)
    {
        await _stop.CancelAsync().ConfigureAwait(false);
        if (Instance is { } instance)
            await EndAsync(instance, grace, reason).ConfigureAwait(false);
    }

    private async Task EndAsync(ContainerInstance instance, TimeSpan grace, string reason)
    {
        if (instance.Process.Exited.IsCompleted)
            return;
        _scope.Node.Events.Normal(_scope.Pod, Container.Name, "Killing", reason);
        long began = _scope.Node.Time.GetTimestamp();
        if (grace > TimeSpan.Zero && Container.Lifecycle?.PreStop is { } hook)
            await RunHookAsync(instance, hook, grace, "FailedPreStopHook").ConfigureAwait(false);
        TimeSpan left = grace - _scope.Node.Time.GetElapsedTime(began);
        if (left > TimeSpan.Zero)
        {
            instance.Process.Signal(SignalTerminate);
            try
            {
                _ = await instance.Process.Exited.WaitAsync(left, _scope.Node.Time).ConfigureAwait(false);
            }
            catch (TimeoutException)
            {
                // It had its chance.
            }
        }
        instance.Process.Signal(SignalKill);
        _ = await instance.Process.Exited.ConfigureAwait(false);
    }

    /// <returns>False when the hook failed.</returns>
    private async Task<bool> RunHookAsync(ContainerInstance instance, LifecycleHandler hook, TimeSpan limit, string failureReason)
    {
        if (hook.Sleep is { } sleep)
        {
            TimeSpan time = TimeSpan.FromSeconds(sleep.Seconds);
            await Task.WhenAny(instance.Process.Exited, Task.Delay(time < limit ? time : limit, _scope.Node.Time)).ConfigureAwait(false);
            return true;
        }
        string? problem = await _scope.Node.Probes.CheckAsync(instance.ProbeTarget(_scope, Container), ProbeCheck.Of(hook), limit, CancellationToken.None).ConfigureAwait(false);
        if (problem is not null)
            _scope.Node.Events.Warning(_scope.Pod, Container.Name, failureReason, $"{failureReason[6..]} failed: {problem}");
        return problem is null;
    }

    /// <summary>From the start of an instance to its end: hooks, probes, output, and what its status shows afterwards.</summary>
    private async Task<ContainerStateTerminated> WatchAsync(ContainerInstance instance)
    {
        EventsOfStart();
        Volatile.Write(ref _instance, instance);
        Update(snapshot => snapshot with
        {
            State = new ContainerState { Running = new ContainerStateRunning { StartedAt = instance.StartedAt } },
            ContainerId = instance.Plan.Id,
            Ready = Container.ReadinessProbe is null && Container.StartupProbe is null,
            Started = Container.StartupProbe is null,
        });
        // Stopped between its start and now: StopAsync did not see it.
        if (_stop.IsCancellationRequested)
            instance.Process.Signal(SignalKill);
        using var probing = new CancellationTokenSource();
        Task health = HealthAsync(instance, probing.Token);
        ProcessExit exit = await instance.Process.Exited.ConfigureAwait(false);
        await probing.CancelAsync().ConfigureAwait(false);
        await health.ConfigureAwait(false);
        await instance.Output.Drained.ConfigureAwait(false);
        Volatile.Write(ref _instance, null);
        var end = new ContainerStateTerminated
        {
            ExitCode = exit.Code,
            Reason = exit.OutOfMemory ? "OOMKilled" : exit.Code == 0 ? "Completed" : "Error",
            Message = instance.Message(Container, exit.Code),
            StartedAt = instance.StartedAt,
            FinishedAt = _scope.Node.Time.GetUtcNow(),
            ContainerId = $"waggle://{instance.Plan.Id}",
        };
        RemoveOldLogs();
        Update(snapshot => snapshot with { State = new ContainerState { Terminated = end }, Ready = false, Started = false });
        return end;
    }

    private void EventsOfStart()
    {
        _scope.Node.Events.Normal(_scope.Pod, Container.Name, "Pulled", $"Container image \"{Container.Image}\" already present on machine");
        _scope.Node.Events.Normal(_scope.Pod, Container.Name, "Created", $"Created container: {Container.Name}");
        _scope.Node.Events.Normal(_scope.Pod, Container.Name, "Started", $"Started container {Container.Name}");
    }

    /// <summary>postStart, then the startup probe, then readiness and liveness side by side.</summary>
    private async Task HealthAsync(ContainerInstance instance, CancellationToken ended)
    {
        if (Container.Lifecycle?.PostStart is { } hook && !await RunHookAsync(instance, hook, TimeSpan.FromMinutes(2), "FailedPostStartHook").ConfigureAwait(false))
        {
            await EndAsync(instance, Grace(null), $"Container {Container.Name} failed its PostStart hook").ConfigureAwait(false);
            return;
        }
        ProbeTarget target = instance.ProbeTarget(_scope, Container);
        if (Container.StartupProbe is { } startup)
        {
            await LoopAsync(target, startup, "Startup", false, (healthy, _) =>
            {
                if (healthy)
                    Update(snapshot => snapshot with { Started = true, Ready = Container.ReadinessProbe is null });
                else
                    Kill(instance, startup, "startup");
                return false;
            }, ended).ConfigureAwait(false);
        }
        if (ended.IsCancellationRequested || !Snapshot.Started)
            return;
        _started.TrySetResult();
        Task readiness = Container.ReadinessProbe is { } ready ? LoopAsync(target, ready, "Readiness", true, (healthy, _) =>
        {
            if (Snapshot.Ready != healthy)
                Update(snapshot => snapshot with { Ready = healthy });
            return true;
        }, ended) : Task.CompletedTask;
        Task liveness = Container.LivenessProbe is { } live ? LoopAsync(target, live, "Liveness", false, (healthy, _) =>
        {
            if (!healthy)
                Kill(instance, live, "liveness");
            return healthy;
        }, ended) : Task.CompletedTask;
        await Task.WhenAll(readiness, liveness).ConfigureAwait(false);
    }

    private Task LoopAsync(ProbeTarget target, Probe probe, string kind, bool eager, Func<bool, string?, bool> verdict, CancellationToken ended) =>
        new ProbeLoop(_scope.Node.Probes, target, probe, _scope.Node.Time).RunAsync(
            eager, problem => _scope.Node.Events.Warning(_scope.Pod, Container.Name, "Unhealthy", $"{kind} probe failed: {problem}"), verdict, ended);

    private void Kill(ContainerInstance instance, Probe probe, string kind) =>
        _ = EndAsync(instance, Grace(probe), $"Container {Container.Name} failed {kind} probe, will be restarted");

    private TimeSpan Grace(Probe? probe) => TimeSpan.FromSeconds(probe?.TerminationGracePeriodSeconds ?? _scope.Pod.Spec.TerminationGracePeriodSeconds ?? 30);

    /// <summary>Only the log of this instance and of the one before it can be asked for.</summary>
    private void RemoveOldLogs()
    {
        for (int old = Snapshot.RestartCount - 2; old >= 0; old--)
        {
            string path = ContainerInstance.LogPath(_scope, Container.Name, old);
            if (!File.Exists(path))
                break;
            File.Delete(path);
            File.Delete(path + ".1");
        }
    }
}
