using Waggle.Kube.Client;
using Waggle.Kube.Resources;
using Waggle.Lab.Nodes.Cni;
using Waggle.Lab.Nodes.Launching;
using Waggle.Lab.Nodes.Variables;

namespace Waggle.Lab.Nodes.Pods;

internal sealed partial class PodWorker
{
    private static readonly TimeSpan LongestRetry = TimeSpan.FromSeconds(15);

    private async Task RunAsync()
    {
        using var statusEnd = new CancellationTokenSource();
        Task status = Task.CompletedTask;
        try
        {
            if (Pod.Status.Phase is "Succeeded" or "Failed")
            {
                _reported.TrySetResult();
                // Completed before this node runtime was started: nothing to run, and the status stays as it is.
                await _terminate.Task.ConfigureAwait(false);
                if (Volatile.Read(ref _abandoned))
                    return;
                await DeleteObjectAsync().ConfigureAwait(false);
                Forget();
                return;
            }
            status = _status.RunAsync(statusEnd.Token);
            _scope.Changed();
            _ = ReportAsync();
            await LiveAsync().ConfigureAwait(false);
            if (Volatile.Read(ref _abandoned))
                return;
            await CleanUpAsync().ConfigureAwait(false);
            _ = await _status.WriteAsync(CancellationToken.None).ConfigureAwait(false);
            await _terminate.Task.ConfigureAwait(false);
            if (Volatile.Read(ref _abandoned))
                return;
            Remove(_node.Paths.PodDirectory(_scope.Uid));
            await DeleteObjectAsync().ConfigureAwait(false);
            Forget();
        }
        catch (Exception e)
        {
            LogUnexpected(e, _scope.FullName);
        }
        finally
        {
            _reported.TrySetResult();
            await statusEnd.CancelAsync().ConfigureAwait(false);
            await status.ConfigureAwait(false);
            _completed.TrySetResult();
        }
    }

    private async Task ReportAsync()
    {
        _ = await _status.WriteAsync(CancellationToken.None).ConfigureAwait(false);
        _reported.TrySetResult();
    }

    /// <summary>From set-up until no container runs any more.</summary>
    private async Task LiveAsync()
    {
        try
        {
            if (_lost)
            {
                foreach (ContainerRunner runner in _containers)
                    runner.Abandon();
                _initialized = true;
                return;
            }
            await SetUpAsync(_stopping.Token).ConfigureAwait(false);
            if (await RunInitContainersAsync().ConfigureAwait(false))
                await RunContainersAsync().ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (_stopping.IsCancellationRequested)
        {
            // Deleted before it ran.
        }
        finally
        {
            await StopAllAsync(_grace).ConfigureAwait(false);
            Volatile.Write(ref _finished, true);
            _scope.Changed();
        }
    }

    private async Task SetUpAsync(CancellationToken cancellation)
    {
        if (!_scope.HostNetwork && _node.Network.Current is null)
        {
            _node.Events.Warning(Pod, null, "NetworkNotReady", "network is not ready: container runtime network not ready: NetworkReady=false reason:NetworkPluginNotReady message:Network plugin returns error: cni plugin not initialized");
            await _node.Network.Ready.WaitAsync(cancellation).ConfigureAwait(false);
        }
        TimeSpan wait = TimeSpan.FromMilliseconds(500);
        while (!await TryVolumesAsync(cancellation).ConfigureAwait(false))
            wait = await PauseAsync(wait, cancellation).ConfigureAwait(false);
        wait = TimeSpan.FromSeconds(1);
        while (!await TrySandboxAsync(cancellation).ConfigureAwait(false))
            wait = await PauseAsync(wait, cancellation).ConfigureAwait(false);
        PodFiles.Write(_scope);
        Volatile.Write(ref _sandboxReady, true);
        _scope.Changed();
    }

    private async Task<TimeSpan> PauseAsync(TimeSpan wait, CancellationToken cancellation)
    {
        await Task.Delay(wait, _node.Time, cancellation).ConfigureAwait(false);
        return wait * 2 < LongestRetry ? wait * 2 : LongestRetry;
    }

    private async Task<bool> TryVolumesAsync(CancellationToken cancellation)
    {
        try
        {
            await _node.Volumes.SyncAsync(Pod, _scope.Addresses, cancellation).ConfigureAwait(false);
            return true;
        }
        catch (Exception e) when (e is ReferenceException or KubeApiException or IOException)
        {
            _node.Events.Warning(Pod, null, "FailedMount", e.Message);
            return false;
        }
    }

    private async Task<bool> TrySandboxAsync(CancellationToken cancellation)
    {
        try
        {
            await _sandbox.CreateAsync(cancellation).ConfigureAwait(false);
            return true;
        }
        catch (Exception e) when (e is CniException or LaunchException)
        {
            _node.Events.Warning(Pod, null, "FailedCreatePodSandBox", $"Failed to create pod sandbox: rpc error: code = Unknown desc = failed to setup network for sandbox \"{_scope.Sandbox}\": {e.Message}");
            LogSandbox(_scope.FullName, e.Message);
            return false;
        }
    }

    /// <returns>False when one failed for good.</returns>
    private async Task<bool> RunInitContainersAsync()
    {
        foreach (ContainerRunner runner in _init)
        {
            _stopping.Token.ThrowIfCancellationRequested();
            Task run = Begin(runner);
            if (runner.Container.RestartPolicy == "Always")
            {
                await runner.Started.WaitAsync(_stopping.Token).ConfigureAwait(false);
                continue;
            }
            await run.WaitAsync(_stopping.Token).ConfigureAwait(false);
            if (runner.Snapshot.State.Terminated is not { ExitCode: 0 })
                return false;
        }
        Volatile.Write(ref _initialized, true);
        _scope.Changed();
        return true;
    }

    private async Task RunContainersAsync()
    {
        _stopping.Token.ThrowIfCancellationRequested();
        Task all = Task.WhenAll(_containers.Select(Begin));
        if (Pod.Spec.ActiveDeadlineSeconds is { } seconds)
        {
            TimeSpan left = _startTime + TimeSpan.FromSeconds(seconds) - _node.Time.GetUtcNow();
            Task deadline = Task.Delay(left > TimeSpan.Zero ? left : TimeSpan.Zero, _node.Time, _stopping.Token);
            if (await Task.WhenAny(all, deadline).ConfigureAwait(false) == deadline && !_stopping.IsCancellationRequested)
            {
                _failure = ("DeadlineExceeded", "Pod was active on the node longer than the specified deadline");
                _node.Events.Normal(Pod, null, "DeadlineExceeded", _failure.Value.Message);
                return;
            }
        }
        await all.WaitAsync(_stopping.Token).ConfigureAwait(false);
    }

    private Task Begin(ContainerRunner runner)
    {
        Task run = runner.RunAsync();
        lock (_started)
            _started.Add((runner, run));
        return run;
    }

    /// <summary>Ordinary containers together, then sidecars in reverse order.</summary>
    private async Task StopAllAsync(TimeSpan grace)
    {
        List<(ContainerRunner Runner, Task Run)> started = StartedRunners();
        long began = _node.Time.GetTimestamp();
        IEnumerable<(ContainerRunner Runner, Task Run)> sidecars = started.Where(entry => _init.Contains(entry.Runner) && entry.Runner.Container.RestartPolicy == "Always").Reverse();
        await Task.WhenAll(started.Except(sidecars).Select(entry => StopAsync(entry, grace))).ConfigureAwait(false);
        foreach ((ContainerRunner Runner, Task Run) sidecar in sidecars)
        {
            TimeSpan left = grace - _node.Time.GetElapsedTime(began);
            await StopAsync(sidecar, left > TimeSpan.Zero ? left : TimeSpan.Zero).ConfigureAwait(false);
        }

        static async Task StopAsync((ContainerRunner Runner, Task Run) entry, TimeSpan grace)
        {
            await entry.Runner.StopAsync(grace, $"Stopping container {entry.Runner.Container.Name}").ConfigureAwait(false);
            await entry.Run.ConfigureAwait(false);
        }
    }

    private async Task CleanUpAsync()
    {
        try
        {
            if (await _sandbox.RemoveAsync(CancellationToken.None).ConfigureAwait(false) is { } problem)
            {
                _node.Events.Warning(Pod, null, "FailedKillPod", $"error killing pod: failed to tear down its network: {problem}");
                LogProblem(_scope.FullName, problem);
            }
        }
        catch (LaunchException e)
        {
            LogProblem(_scope.FullName, e.Message);
        }
        Volatile.Write(ref _sandboxReady, false);
        _scope.Changed();
    }

    /// <summary>Tells the API that nothing of the pod is left. A lost API server is waited for.</summary>
    private async Task DeleteObjectAsync()
    {
        TimeSpan wait = TimeSpan.FromSeconds(1);
        while (!Volatile.Read(ref _vanished))
        {
            try
            {
                _ = await _node.Client.TryDeleteAsync(KubeTypes.Pods, _scope.Namespace, _scope.Name, new DeleteOptions { GracePeriodSeconds = 0, Uid = _scope.Uid }).ConfigureAwait(false);
                return;
            }
            catch (KubeApiException e) when (e.IsConflict)
            {
                return; // another pod of the same name
            }
            catch (KubeApiException e)
            {
                LogProblem(_scope.FullName, e.Message);
                wait = await PauseAsync(wait, CancellationToken.None).ConfigureAwait(false);
            }
        }
    }

    /// <summary>Logs can be read as long as the object is there.</summary>
    private void Forget()
    {
        _node.Tokens.Forget(_scope.Uid);
        Remove(_node.Paths.PodLogs(_scope.Namespace, _scope.Name, _scope.Uid));
    }

    private void Remove(string directory)
    {
        try
        {
            if (Directory.Exists(directory))
                Directory.Delete(directory, recursive: true);
        }
        catch (IOException e)
        {
            LogProblem(_scope.FullName, e.Message);
        }
    }
}
