using Waggle.Lab.Nodes.Launching;
using Waggle.Linux;

namespace Waggle.Lab.Nodes.Streams;

/// <summary>A command executed in a container. Disposing the session kills the command when it still runs.</summary>
internal sealed class ExecSession : IContainerSession
{
    private readonly LaunchedProcess _process;
    private readonly ExecOutput? _stdout;
    private readonly ExecOutput? _stderr;

    public ExecSession(LaunchedProcess process, ExecOptions options)
    {
        _process = process;
        Stdin = options.Stdin ? process.Stdin : null;
        _stdout = options.Stdout && process.Stdout is { } stdout ? new ExecOutput(stdout, process.Exited) : null;
        _stderr = options.Stderr && process.Stderr is { } stderr ? new ExecOutput(stderr, process.Exited) : null;
        Exited = WaitAsync();
    }

    public Stream? Stdin { get; }

    public Stream? Stdout => _stdout;

    public Stream? Stderr => _stderr;

    public Task<ContainerExit> Exited { get; }

    public void Resize(ushort columns, ushort rows) => Terminals.Resize(_process, columns, rows);

    public ValueTask DisposeAsync()
    {
        _process.Dispose();
        _stdout?.Dispose();
        _stderr?.Dispose();
        return ValueTask.CompletedTask;
    }

    private async Task<ContainerExit> WaitAsync()
    {
        ProcessExit exit = await _process.Exited.ConfigureAwait(false);
        await Task.WhenAll(_stdout?.Ended ?? Task.CompletedTask, _stderr?.Ended ?? Task.CompletedTask).ConfigureAwait(false);
        return new ContainerExit(exit.Code);
    }
}

/// <summary>Sizes of terminals.</summary>
internal static class Terminals
{
    /// <summary>Sets the size; nothing happens without a terminal, or when it is gone.</summary>
    public static void Resize(LaunchedProcess process, ushort columns, ushort rows)
    {
        try
        {
            process.Terminal?.Resize(columns, rows);
        }
        catch (Exception e) when (e is LinuxException or ObjectDisposedException)
        {
            // It ended while its window changed.
        }
    }
}
