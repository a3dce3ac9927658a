using System.Diagnostics;
using Microsoft.Extensions.Logging;
using Waggle.Kube.Client;
using Waggle.Kube.Config;
using Waggle.Linux;

namespace Waggle.Lab.Cluster;

/// <summary>The labs of this machine: what <c>waggle lab …</c> does. Needs root.</summary>
/// <remarks>
/// Every lab has one daemon process (<see cref="RunDaemonAsync"/>), started detached by <see cref="UpAsync"/>. All a lab leaves when its
/// daemon is killed is found by its name: state in <c>/var/lib/waggle/labs/NAME</c>, a tmpfs at <c>/run/waggle/labs/NAME</c> and the
/// cgroup <c>waggle/NAME</c>; namespaces, interfaces and processes end with the daemon.
/// </remarks>
public sealed class LabCluster(LabPaths? paths = null, LabMachine? machine = null)
{
    private static readonly TimeSpan UpTimeout = TimeSpan.FromMinutes(3);

    private readonly LabPaths _paths = paths ?? LabPaths.OfThisProcess();
    private readonly LabMachine _machine = machine ?? LabMachine.OfThisProcess();

    /// <summary>Starts a lab, or continues one whose daemon was killed, and waits until its nodes and system pods are Ready.</summary>
    /// <remarks>A running lab with the same options is success. Cancelling ends the waiting, not the lab.</remarks>
    /// <exception cref="LabException">It runs with other options, or cannot start; the message says what to do.</exception>
    public async Task<LabInfo> UpAsync(LabOptions options, ILabProgress progress, CancellationToken cancellation = default)
    {
        options.Validate();
        _machine.Require();
        var name = options.Name;
        var state = _paths.State(name);
        var known = LabRecord.TryRead(state);
        if (known is not null && !known.Options.SameAs(options))
        {
            throw new LabException($"Lab '{name}' exists with other options ({known.Options.Describe()}). Take it down first: waggle lab down --name {name}; or use another --name.");
        }

        Directory.CreateDirectory(state);
        File.SetUnixFileMode(state, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        (known ?? new LabRecord { Options = options, Created = DateTimeOffset.UtcNow }).Write(state);
        using var steps = new LabSteps(progress);
        if (!IsDaemonRunning(name))
        {
            // What an earlier daemon said must not be taken for the new one's word.
            DaemonStatus.Forget(_paths.Runtime(name));
            steps.Begin("Starting the lab's daemon");
            DaemonProcess.Start(_machine, _paths, name);
        }

        await WaitForDaemonAsync(name, steps, cancellation).ConfigureAwait(false);
        await WaitForReadyAsync(options, steps, cancellation).ConfigureAwait(false);
        steps.End(null);
        return Find(name) ?? throw new LabException($"Lab '{name}' was taken down while it started.");
    }

    /// <summary>Ends a lab and removes everything it had, also after a crash. A lab that does not exist is success.</summary>
    /// <returns>False when there was nothing to remove.</returns>
    public async Task<bool> DownAsync(string name, ILabProgress progress, CancellationToken cancellation = default)
    {
        using var steps = new LabSteps(progress);
        var found = Directory.Exists(_paths.State(name));
        if (IsDaemonRunning(name))
        {
            found = true;
            steps.Begin("Ending the lab's daemon");
            await DaemonProcess.StopAsync(_paths, name, () => IsDaemonRunning(name), cancellation).ConfigureAwait(false);
        }

        steps.Begin("Removing what the lab had");
        found |= await LabLeftovers.RemoveAsync(_paths, name).ConfigureAwait(false);
        if (Directory.Exists(_paths.State(name)))
        {
            Directory.Delete(_paths.State(name), recursive: true);
        }

        steps.End(null);
        return found;
    }

    /// <summary>All labs, running or not.</summary>
    public IReadOnlyList<LabInfo> List() => !Directory.Exists(_paths.StateRoot) ? [] :
        [.. Directory.EnumerateDirectories(_paths.StateRoot).Order(StringComparer.Ordinal)
            .Select(directory => (Name: Path.GetFileName(directory), Record: LabRecord.TryRead(directory)))
            .Where(lab => lab.Record is not null)
            .Select(lab => Info(lab.Name, lab.Record!))];

    /// <summary>One lab, or null.</summary>
    public LabInfo? Find(string name) => LabRecord.TryRead(_paths.State(name)) is { } record ? Info(name, record) : null;

    /// <summary>The lab's kubeconfig.</summary>
    /// <exception cref="LabException">There is no such lab.</exception>
    public string KubeconfigPath(string name) =>
        Find(name)?.Kubeconfig ?? throw new LabException($"There is no lab '{name}'. `waggle lab list` shows those there are, `waggle lab up --name {name}` starts it.");

    /// <summary>The directory with <c>cilium</c>, <c>hubble</c>, … for a lab's shell, to be put first on PATH.</summary>
    public string ToolsDirectory(string name) => Path.Combine(_paths.Runtime(name), "bin");

    /// <summary>The body of <c>waggle lab daemon --name X</c>: runs the lab until SIGTERM (or the token) ends it.</summary>
    /// <returns>The process's exit code.</returns>
    public async Task<int> RunDaemonAsync(string name, CancellationToken cancellation = default)
    {
        var record = LabRecord.TryRead(_paths.State(name)) ?? throw new LabException($"There is no lab '{name}' to run. Start it with: waggle lab up --name {name}");
        using var mine = await DaemonProcess.LockAsync(_paths, name, cancellation).ConfigureAwait(false) ?? throw new LabException($"Another daemon runs lab '{name}'.");
        using var loggers = LoggerFactory.Create(logging => logging.SetMinimumLevel(LogLevel.Information).AddFilter("Microsoft", LogLevel.Warning).AddProvider(new LineLoggerProvider(Console.Error)));
        try
        {
            await using var daemon = new LabDaemon(_paths, _machine, record, loggers);
            await daemon.RunAsync(cancellation).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (cancellation.IsCancellationRequested)
        {
            // Asked to end.
        }
        catch (Exception e)
        {
            Console.Error.WriteLine(e);
            Directory.CreateDirectory(_paths.Runtime(name));
            new DaemonStatus(Environment.ProcessId, null, e.Message).Write(_paths.Runtime(name));
            return 1;
        }

        await LabLeftovers.RemoveAsync(_paths, name).ConfigureAwait(false);
        return 0;
    }

    private LabInfo Info(string name, LabRecord record)
    {
        var running = IsDaemonRunning(name);
        var status = running ? DaemonStatus.TryRead(_paths.Runtime(name)) : null;
        var state = !running ? LabState.Stopped : status is { Step: null, Error: null } ? LabState.Running : LabState.Starting;
        return new LabInfo(record.Options, state, status?.Pid, _paths.Kubeconfig(name), record.Created);
    }

    private bool IsDaemonRunning(string name)
    {
        var file = DaemonProcess.LockFile(_paths, name);
        if (!File.Exists(file))
        {
            return false;
        }

        using var free = FileLock.TryAcquire(file);
        return free is null;
    }

    private async Task WaitForDaemonAsync(string name, LabSteps steps, CancellationToken cancellation)
    {
        var clock = Stopwatch.StartNew();
        while (true)
        {
            var running = IsDaemonRunning(name);
            var status = DaemonStatus.TryRead(_paths.Runtime(name));
            if (status?.Error is { } error)
            {
                throw Failed(steps, name, error);
            }

            if (status is { Step: null } && running)
            {
                return;
            }

            if (status?.Step is { } step)
            {
                steps.Begin(step);
            }

            if ((!running && clock.Elapsed > TimeSpan.FromSeconds(10)) || clock.Elapsed > UpTimeout)
            {
                throw Failed(steps, name, running ? "it has not started in time" : "its daemon ended at once");
            }

            await Task.Delay(20, cancellation).ConfigureAwait(false);
        }
    }

    private async Task WaitForReadyAsync(LabOptions options, LabSteps steps, CancellationToken cancellation)
    {
        steps.Begin("Waiting for the nodes and system pods");
        using var client = new KubeClient(KubeConfig.FromFile(_paths.Kubeconfig(options.Name)));
        var clock = Stopwatch.StartNew();
        while (await LabReadiness.MissingAsync(client, options, cancellation).ConfigureAwait(false) is { } missing)
        {
            steps.Note(missing);
            if (clock.Elapsed > UpTimeout)
            {
                throw Failed(steps, options.Name, $"not ready after {UpTimeout.TotalMinutes:0} minutes: {missing}");
            }

            await Task.Delay(100, cancellation).ConfigureAwait(false);
        }
    }

    private LabException Failed(LabSteps steps, string name, string why)
    {
        steps.End(why);
        return new LabException($"Lab '{name}' did not start: {why}. Its log: {DaemonProcess.LogFile(_paths, name)}; `waggle lab down --name {name}` removes what is there.");
    }
}
