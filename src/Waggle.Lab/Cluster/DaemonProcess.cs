using System.Diagnostics;
using System.Globalization;
using Waggle.Linux;

namespace Waggle.Lab.Cluster;

/// <summary>Starts and ends a lab's daemon as a process of its own session, with its output in a log file.</summary>
internal static class DaemonProcess
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(15);

    /// <summary>Held by the daemon as long as it lives: the only truth about whether it does.</summary>
    public static string LockFile(LabPaths paths, string name) => Path.Combine(paths.State(name), "daemon.lock");

    /// <summary>Becomes the lab's one daemon and notes its number beside the lock; null when there is one already.</summary>
    public static async Task<FileLock?> LockAsync(LabPaths paths, string name, CancellationToken cancellation)
    {
        var file = LockFile(paths, name);
        var clock = Stopwatch.StartNew();
        while (true)
        {
            if (FileLock.TryAcquire(file) is { } mine)
            {
                await File.WriteAllTextAsync(PidFile(paths, name), Environment.ProcessId.ToString(CultureInfo.InvariantCulture), cancellation).ConfigureAwait(false);
                return mine;
            }

            // Whoever asks whether a daemon runs holds the lock for an instant.
            if (clock.Elapsed > TimeSpan.FromSeconds(1))
            {
                return null;
            }

            await Task.Delay(5, cancellation).ConfigureAwait(false);
        }
    }

    /// <summary>The daemon's number. Not in the lock itself: .NET takes a lock of its own to write a file.</summary>
    public static string PidFile(LabPaths paths, string name) => Path.Combine(paths.State(name), "daemon.pid");

    public static string LogFile(LabPaths paths, string name) => Path.Combine(paths.State(name), "daemon.log");

    public static void Start(LabMachine machine, LabPaths paths, string name)
    {
        // A session of its own: neither the terminal's hang-up nor its Ctrl-C reaches the daemon. The log starts anew with each start.
        var start = new ProcessStartInfo("/bin/sh", ["-c", "exec setsid \"$0\" lab daemon --name \"$1\" </dev/null >\"$2\" 2>&1", machine.Program, name, LogFile(paths, name)])
        {
            WorkingDirectory = "/",
            Environment = { ["WAGGLE_LAB_STATE"] = paths.StateRoot, ["WAGGLE_LAB_RUNTIME"] = paths.RuntimeRoot, ["WAGGLE_LAB_CGROUP"] = paths.CgroupRoot },
        };
        using var process = Process.Start(start) ?? throw new LabException("The lab's daemon could not be started.");
    }

    /// <summary>Asks the daemon to end; kills it, and with it the whole lab, when it does not in time.</summary>
    public static async Task StopAsync(LabPaths paths, string name, Func<bool> isRunning, CancellationToken cancellation)
    {
        var clock = Stopwatch.StartNew();
        int pid;
        // One that has just begun notes its number in the next instant.
        while (!TryReadPid(paths, name, out pid) && isRunning() && clock.Elapsed < Patience)
        {
            await Task.Delay(5, cancellation).ConfigureAwait(false);
        }

        if (isRunning() && IsDaemonOf(pid, name))
        {
            ProcessControl.Kill(pid, Signal.Terminate);
            clock.Restart();
            while (isRunning() && clock.Elapsed < Patience)
            {
                await Task.Delay(20, cancellation).ConfigureAwait(false);
            }

            if (isRunning() && IsDaemonOf(pid, name))
            {
                ProcessControl.Kill(pid, Signal.Kill);
                while (isRunning())
                {
                    await Task.Delay(5, cancellation).ConfigureAwait(false);
                }
            }
        }
    }

    private static bool TryReadPid(LabPaths paths, string name, out int pid)
    {
        pid = 0;
        try
        {
            return int.TryParse(File.ReadAllText(PidFile(paths, name)), NumberStyles.None, CultureInfo.InvariantCulture, out pid) && IsDaemonOf(pid, name);
        }
        catch (IOException)
        {
            return false;
        }
    }

    /// <summary>The number may mean another process by now.</summary>
    private static bool IsDaemonOf(int pid, string name)
    {
        try
        {
            var words = File.ReadAllText(string.Create(CultureInfo.InvariantCulture, $"/proc/{pid}/cmdline")).Split('\0');
            return words.Contains("daemon") && words.Contains(name);
        }
        catch (IOException)
        {
            return false;
        }
    }
}
