using System.Diagnostics;
using System.Globalization;
using Waggle.Linux;

namespace Waggle.Bench.Agents;

/// <summary>
/// A daemon that ends with this object, and also when this process is killed: a shell holds it, which waits for the end of its
/// own standard input.
/// </summary>
internal sealed class BoundProcess : IDisposable
{
    /// <summary>Prepares with a line of its own, starts the daemon, says its number, and kills it at the end of standard input.</summary>
    private const string Holder = "set -e; log=$1; setup=$2; shift 2; eval \"$setup\"; \"$@\" </dev/null >\"$log\" 2>&1 & child=$!; echo $child; cat >/dev/null; kill -9 $child; wait";

    private readonly Process _holder;
    private readonly string _log;
    private bool _disposed;

    private BoundProcess(Process holder, int pid, string log) => (_holder, Pid, _log) = (holder, pid, log);

    /// <summary>The daemon itself.</summary>
    internal int Pid { get; }

    /// <summary>What it said, for error messages.</summary>
    internal string Log => File.Exists(_log) ? File.ReadAllText(_log) : "";

    /// <param name="where">Its network; null: ours. Its mounts are its own.</param>
    /// <param name="log">A file for its output.</param>
    /// <param name="setup">A shell line that runs before it, within its namespaces.</param>
    /// <param name="command">Program and arguments.</param>
    internal static async Task<BoundProcess> StartAsync(NetworkNamespace? where, string log, string setup, IReadOnlyList<string> command)
    {
        var start = new ProcessStartInfo("unshare", ["--mount", "sh", "-c", Holder, "sh", log, setup, .. command])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        var holder = where is null ? Process.Start(start)! : where.Run(() => Process.Start(start)!);
        var line = await holder.StandardOutput.ReadLineAsync().ConfigureAwait(false);
        return int.TryParse(line, NumberStyles.None, CultureInfo.InvariantCulture, out var pid)
            ? new BoundProcess(holder, pid, log)
            : throw new InvalidOperationException($"{string.Join(' ', command)} did not start: {await holder.StandardError.ReadToEndAsync().ConfigureAwait(false)}");
    }

    public void Dispose()
    {
        if (_disposed)
        {
            return;
        }

        _disposed = true;
        _holder.StandardInput.Close();
        _holder.WaitForExit();
        _holder.Dispose();
    }
}
