using System.IO.Pipes;
using Microsoft.Win32.SafeHandles;
using Waggle.Linux;

namespace Waggle.Lab.Nodes.Launching;

/// <summary>The pipes of a process that is to be started without a terminal.</summary>
internal sealed class ProcessStreams : IDisposable
{
    private readonly AnonymousPipeServerStream? _stdin;
    private readonly AnonymousPipeServerStream? _stdout;
    private readonly AnonymousPipeServerStream? _stderr;

    /// <param name="stdin">False connects it to /dev/null; likewise the others.</param>
    /// <param name="stdout">Whether standard output is read.</param>
    /// <param name="stderr">Whether standard error is read.</param>
    public ProcessStreams(bool stdin, bool stdout, bool stderr)
    {
        _stdin = stdin ? new AnonymousPipeServerStream(PipeDirection.Out, HandleInheritability.None) : null;
        _stdout = stdout ? new AnonymousPipeServerStream(PipeDirection.In, HandleInheritability.None) : null;
        _stderr = stderr ? new AnonymousPipeServerStream(PipeDirection.In, HandleInheritability.None) : null;
    }

    public Stream? Stdin => _stdin;

    public Stream? Stdout => _stdout;

    public Stream? Stderr => _stderr;

    /// <summary>The process's ends, in the order stdin, stdout, stderr; valid until <see cref="CloseOtherEnds"/>.</summary>
    public FileDescriptor[] OtherEnds(FileDescriptor nothing) => [Of(_stdin) ?? nothing, Of(_stdout) ?? nothing, Of(_stderr) ?? nothing];

    /// <summary>Lets go of the process's ends, so that the end of its output is seen.</summary>
    public void CloseOtherEnds()
    {
        _stdin?.DisposeLocalCopyOfClientHandle();
        _stdout?.DisposeLocalCopyOfClientHandle();
        _stderr?.DisposeLocalCopyOfClientHandle();
    }

    public void Dispose()
    {
        _stdin?.Dispose();
        _stdout?.Dispose();
        _stderr?.Dispose();
    }

    private static FileDescriptor? Of(AnonymousPipeServerStream? pipe)
    {
        SafePipeHandle? handle = pipe?.ClientSafePipeHandle;
        return handle is null ? null : new FileDescriptor((int)handle.DangerousGetHandle(), ownsHandle: false);
    }
}
