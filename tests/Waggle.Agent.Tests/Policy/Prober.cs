using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;

namespace Waggle.Agent.Tests.Policy;

/// <summary><c>waggle-probe</c> in a pod or on a node: serves ports and tries connections, many at a time.</summary>
internal sealed class Prober : IDisposable
{
    private readonly Process _process;
    private readonly ConcurrentDictionary<string, TaskCompletionSource<string>> _open = new();
    private readonly Lock _lock = new();
    private int _next;

    private Prober(Process process) => _process = process;

    /// <param name="start">Starts a program in the namespaces.</param>
    /// <param name="ports">E.g. <c>tcp:80</c>.</param>
    public static async Task<Prober> StartAsync(Func<string, string[], Process> start, params string[] ports)
    {
        Process process = start(Path.Combine(AppContext.BaseDirectory, "waggle-probe"), ports);
        string? first = await process.StandardOutput.ReadLineAsync();
        if (first != "ready")
        {
            throw new InvalidOperationException($"waggle-probe {string.Join(' ', ports)}: {first ?? "ended"}");
        }

        var prober = new Prober(process);
        _ = prober.ReadAsync();
        return prober;
    }

    /// <summary>One attempt: <c>ok</c>, <c>timeout</c>, <c>reset</c>, <c>unreachable</c> or <c>error</c>.</summary>
    public async Task<string> TryAsync(string protocol, string address, int port, TimeSpan limit)
    {
        string id = Interlocked.Increment(ref _next).ToString(CultureInfo.InvariantCulture);
        TaskCompletionSource<string> answer = _open[id] = new(TaskCreationOptions.RunContinuationsAsynchronously);
        lock (_lock)
        {
            _process.StandardInput.WriteLine($"{id} {protocol} {address} {port} {(int)limit.TotalMilliseconds}");
            _process.StandardInput.Flush();
        }

        return await answer.Task.WaitAsync(limit + TimeSpan.FromSeconds(60));
    }

    public void Dispose()
    {
        _process.Kill(entireProcessTree: true);
        _process.WaitForExit();
    }

    private async Task ReadAsync()
    {
        while (await _process.StandardOutput.ReadLineAsync() is { } line)
        {
            if (line.Split(' ') is [var id, var result] && _open.TryRemove(id, out TaskCompletionSource<string>? answer))
            {
                answer.TrySetResult(result);
            }
        }
    }
}
