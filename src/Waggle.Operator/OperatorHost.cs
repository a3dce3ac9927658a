namespace Waggle.Operator;

/// <summary>Runs one operator. Several may run; the elected one works, the others wait.</summary>
public static class OperatorHost
{
    /// <summary>Runs until <paramref name="cancellation"/>.</summary>
    /// <returns>The exit code: 0 after a stop that was asked for, 1 when it cannot start or lost the election's Lease (the log says why).</returns>
    public static Task<int> RunAsync(OperatorArguments arguments, CancellationToken cancellation)
    {
        _ = arguments;
        _ = cancellation;
        return Task.FromResult(1);
    }
}
