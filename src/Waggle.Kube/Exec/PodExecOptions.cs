namespace Waggle.Kube.Exec;

/// <summary>A command to run in a container.</summary>
public sealed record PodExecOptions
{
    /// <summary>Program and arguments; no shell in between.</summary>
    public required IReadOnlyList<string> Command { get; init; }

    /// <summary>Null takes the pod's default container.</summary>
    public string? Container { get; init; }

    public bool Stdin { get; init; }

    public bool Stdout { get; init; } = true;

    public bool Stderr { get; init; } = true;

    /// <summary>Give the command a terminal; its output then comes on stdout only.</summary>
    public bool Tty { get; init; }
}

/// <param name="ExitCode">The command's exit code.</param>
/// <param name="Stdout">What it wrote to standard output.</param>
/// <param name="Stderr">What it wrote to standard error.</param>
public sealed record ExecResult(int ExitCode, string Stdout, string Stderr);
