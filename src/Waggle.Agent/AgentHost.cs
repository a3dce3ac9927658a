namespace Waggle.Agent;

/// <summary>Runs the agent of one node.</summary>
public static class AgentHost
{
    /// <summary>Runs until <paramref name="cancellation"/>. Forwarding goes on afterwards: nothing in the kernel is taken down (design D5).</summary>
    /// <returns>The exit code: 0 after a stop that was asked for, 1 when the agent cannot start (the log says why).</returns>
    public static Task<int> RunAsync(AgentArguments arguments, CancellationToken cancellation)
    {
        _ = arguments;
        _ = cancellation;
        return Task.FromResult(1);
    }
}
