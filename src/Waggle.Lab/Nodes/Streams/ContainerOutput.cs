using Waggle.Lab.Nodes.Launching;
using Waggle.Lab.Nodes.Logs;

namespace Waggle.Lab.Nodes.Streams;

/// <summary>Carries the output of a container's first process to its log and to everyone attached.</summary>
internal sealed class ContainerOutput
{
    private readonly LaunchedProcess _process;
    private readonly ContainerLog _log;

    /// <param name="process">The first process.</param>
    /// <param name="log">Its log; ended with its output.</param>
    /// <param name="interactive">Someone is expected to attach: nothing of the beginning is lost to them.</param>
    public ContainerOutput(LaunchedProcess process, ContainerLog log, bool interactive)
    {
        Stdout = new OutputHub(interactive);
        Stderr = new OutputHub(interactive);
        _process = process;
        _log = log;
        Drained = DrainAsync();
    }

    public OutputHub Stdout { get; }

    public OutputHub Stderr { get; }

    /// <summary>Completes when the output has ended and the log is closed; never fails.</summary>
    public Task Drained { get; }

    private async Task DrainAsync()
    {
        await Task.WhenAll(PumpAsync(_process.Stdout, Stdout, error: false), PumpAsync(_process.Stderr, Stderr, error: true)).ConfigureAwait(false);
        _log.Dispose();
    }

    private async Task PumpAsync(Stream? source, OutputHub hub, bool error)
    {
        byte[] buffer = new byte[32 * 1024];
        try
        {
            for (int count; source is not null && (count = await source.ReadAsync(buffer).ConfigureAwait(false)) > 0;)
            {
                _log.Write(buffer.AsSpan(0, count), error);
                await hub.WriteAsync(buffer.AsMemory(0, count)).ConfigureAwait(false);
            }
        }
        catch (Exception e) when (e is IOException or ObjectDisposedException or OperationCanceledException)
        {
            // The process's ends are gone, or we let go of ours: the output is over.
        }
        hub.Complete();
    }
}
