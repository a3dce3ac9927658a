namespace Waggle.Lab.Nodes.Launching;

/// <summary>Why the launcher could not start something.</summary>
internal enum LaunchFailure
{
    /// <summary>The kernel refused a step, or the request was wrong.</summary>
    Setup,

    /// <summary>A volume cannot be mounted.</summary>
    Mount,

    /// <summary>There is no such program.</summary>
    NotFound,

    /// <summary>The program cannot be executed.</summary>
    NotExecutable,

    /// <summary>The container has ended.</summary>
    Gone,

    /// <summary>The node itself does not answer.</summary>
    NodeLost,
}

/// <summary>The launcher's refusal, in its own words.</summary>
internal sealed class LaunchException(LaunchFailure failure, string message) : Exception(message)
{
    public LaunchFailure Failure { get; } = failure;

    /// <summary>Reads the launcher's line <c>error KIND MESSAGE</c>.</summary>
    public static LaunchException Parse(string line)
    {
        string[] parts = line.Split(' ', 3);
        LaunchFailure failure = parts.ElementAtOrDefault(1) switch
        {
            "mount" => LaunchFailure.Mount,
            "notfound" => LaunchFailure.NotFound,
            "noexec" => LaunchFailure.NotExecutable,
            "gone" => LaunchFailure.Gone,
            _ => LaunchFailure.Setup,
        };
        return new LaunchException(failure, parts.ElementAtOrDefault(2) ?? line);
    }
}
