using Waggle.Lab.Nodes.Launching;

namespace Waggle.Lab.Nodes.Streams;

/// <summary>Joins the streams of a container's first process. Disposing it detaches and leaves the container alone.</summary>
internal sealed class AttachSession : IContainerSession
{
    private readonly LaunchedProcess _process;

    /// <param name="process">The first process.</param>
    /// <param name="output">Its output.</param>
    /// <param name="options">Which streams are wanted.</param>
    /// <param name="closeStdin">The end of this session's input is the end of the container's (<c>stdinOnce</c>).</param>
    public AttachSession(LaunchedProcess process, ContainerOutput output, AttachOptions options, bool closeStdin)
    {
        _process = process;
        Stdin = options.Stdin && process.Stdin is { } stdin ? new BorrowedStream(stdin, closeStdin && process.Terminal is null) : null;
        Stdout = options.Stdout || process.Terminal is not null ? output.Stdout.Attach() : null;
        Stderr = options.Stderr && process.Terminal is null ? output.Stderr.Attach() : null;
        Exited = WaitAsync(output);
    }

    public Stream? Stdin { get; }

    public Stream? Stdout { get; }

    public Stream? Stderr { get; }

    public Task<ContainerExit> Exited { get; }

    public void Resize(ushort columns, ushort rows) => Terminals.Resize(_process, columns, rows);

    public async ValueTask DisposeAsync()
    {
        if (Stdin is not null)
            await Stdin.DisposeAsync().ConfigureAwait(false);
        if (Stdout is not null)
            await Stdout.DisposeAsync().ConfigureAwait(false);
        if (Stderr is not null)
            await Stderr.DisposeAsync().ConfigureAwait(false);
    }

    private async Task<ContainerExit> WaitAsync(ContainerOutput output)
    {
        _ = await _process.Exited.ConfigureAwait(false);
        await output.Drained.ConfigureAwait(false);
        // How the container ended is in its status: to have been attached to it is no failure, and clients take it for one.
        return new ContainerExit(0);
    }
}
