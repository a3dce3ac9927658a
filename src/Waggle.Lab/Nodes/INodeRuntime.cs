namespace Waggle.Lab.Nodes;

/// <summary>Finds the runtime of a node by the node's name; what the API server asks for exec, attach, logs and port-forward.</summary>
public interface INodeConnector
{
    INodeRuntime? Find(string nodeName);
}

/// <summary>What a node offers to the API server's streaming subresources (a kubelet's streaming API).</summary>
/// <remarks>Every method throws <see cref="NodeRuntimeException"/> for the expected failures, with the HTTP status to answer.</remarks>
public interface INodeRuntime
{
    /// <summary>Starts a command in a running container.</summary>
    Task<IContainerSession> ExecAsync(ContainerRef container, ExecOptions options, CancellationToken cancellation);

    /// <summary>Joins the streams of the container's own process. The session's exit code is always 0: the pod's status has the container's.</summary>
    Task<IContainerSession> AttachAsync(ContainerRef container, AttachOptions options, CancellationToken cancellation);

    /// <summary>Copies the container's log to <paramref name="output"/>; with <see cref="LogOptions.Follow"/>, until the container ends.</summary>
    Task ReadLogsAsync(ContainerRef container, LogOptions options, Stream output, CancellationToken cancellation);

    /// <summary>Opens a TCP connection to a port of the pod on its own loopback address.</summary>
    Task<Stream> ConnectPortAsync(string @namespace, string pod, int port, CancellationToken cancellation);
}

/// <param name="Namespace">The pod's namespace.</param>
/// <param name="Pod">The pod's name.</param>
/// <param name="Container">The container's name; null or empty selects the default container.</param>
public sealed record ContainerRef(string Namespace, string Pod, string? Container);

public sealed record ExecOptions(IReadOnlyList<string> Command, bool Stdin, bool Stdout, bool Stderr, bool Tty);

public sealed record AttachOptions(bool Stdin, bool Stdout, bool Stderr, bool Tty);

/// <param name="Follow">Keep the stream open and send new lines as they come.</param>
/// <param name="Previous">The log of the instance before the last restart.</param>
/// <param name="Timestamps">Prefix each line with its RFC 3339 time.</param>
/// <param name="TailLines">Only the last N lines; null for all.</param>
/// <param name="SinceSeconds">Only lines younger than this; null for all.</param>
/// <param name="SinceTime">Only lines after this; null for all.</param>
/// <param name="LimitBytes">Stop after this many bytes; null for no limit.</param>
public sealed record LogOptions(bool Follow, bool Previous, bool Timestamps, int? TailLines, int? SinceSeconds, DateTimeOffset? SinceTime, long? LimitBytes);

/// <summary>One running command (or attachment) with its streams. A TTY session has one output stream, <see cref="Stdout"/>.</summary>
public interface IContainerSession : IAsyncDisposable
{
    /// <summary>Write end of the command's standard input; disposing it closes the command's stdin. Null when not asked for.</summary>
    Stream? Stdin { get; }

    Stream? Stdout { get; }

    Stream? Stderr { get; }

    /// <summary>Sets the size of the terminal; ignored without a TTY.</summary>
    void Resize(ushort columns, ushort rows);

    /// <summary>Completes when the command has ended and its output has been read to the end.</summary>
    Task<ContainerExit> Exited { get; }
}

/// <param name="ExitCode">The exit code; 128 + signal when a signal ended it.</param>
public readonly record struct ContainerExit(int ExitCode);

/// <summary>An expected refusal by the node, e.g. 404 for an unknown container or 400 for one that is not running.</summary>
public sealed class NodeRuntimeException(int statusCode, string reason, string message) : Exception(message)
{
    public int StatusCode { get; } = statusCode;

    /// <summary>The machine-readable reason of the API's Status object, e.g. <c>NotFound</c> or <c>BadRequest</c>.</summary>
    public string Reason { get; } = reason;
}
