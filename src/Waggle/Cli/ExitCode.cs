namespace Waggle.Cli;

/// <summary>The exit codes of every command, whatever name it was started under. This is the one place that defines them.</summary>
public enum ExitCode
{
    Ok = 0,

    /// <summary>The command did its work and the answer is "no", or the work itself failed.</summary>
    Failed = 1,

    /// <summary>Unknown command or flag, missing or invalid argument: nothing was done.</summary>
    Usage = 2,

    /// <summary>The API server, the agent or the BPF file system could not be reached.</summary>
    NotReachable = 3,

    /// <summary>Some objects were handled, others not; or a stream lost events.</summary>
    Partial = 4,

    /// <summary>A wait ended before the condition became true.</summary>
    Timeout = 124,

    /// <summary>Stopped by Ctrl-C.</summary>
    Interrupted = 130,

    /// <summary>The reader of the output went away (as for any program stopped by SIGPIPE).</summary>
    BrokenPipe = 141,
}

/// <summary>The table shown by <c>waggle help exit-codes</c>.</summary>
public static class ExitCodes
{
    public static readonly IReadOnlyList<(ExitCode Code, string Meaning)> All =
    [
        (ExitCode.Ok, "done"),
        (ExitCode.Failed, "a check or the work itself failed"),
        (ExitCode.Usage, "wrong usage: unknown command or flag, invalid argument; nothing was done"),
        (ExitCode.NotReachable, "the API server, the agent or the node's BPF maps cannot be reached"),
        (ExitCode.Partial, "only a part was done, or events were lost"),
        (ExitCode.Timeout, "the wait ended before the condition became true"),
        (ExitCode.Interrupted, "stopped by Ctrl-C"),
        (ExitCode.BrokenPipe, "the reader of the output closed it"),
    ];
}
