using System.Diagnostics;
using System.Runtime.CompilerServices;

namespace Waggle.Tests.Shared;

/// <summary>Waiting for what other threads and processes do: what has not happened in a minute never will.</summary>
internal static class Eventually
{
    public static readonly TimeSpan Patience = TimeSpan.FromMinutes(1);

    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(25);

    public static Task UntilAsync(Func<bool> condition, [CallerArgumentExpression(nameof(condition))] string what = "") =>
        UntilAsync(() => Task.FromResult(condition()), what);

    public static async Task UntilAsync(Func<Task<bool>> condition, [CallerArgumentExpression(nameof(condition))] string what = "")
    {
        for (long started = Stopwatch.GetTimestamp(); !await condition();)
        {
            await PauseAsync(started, what);
        }
    }

    /// <summary>Waits until there is one.</summary>
    public static async Task<T> UntilAsync<T>(Func<Task<T?>> look, [CallerArgumentExpression(nameof(look))] string what = "")
        where T : class
    {
        for (long started = Stopwatch.GetTimestamp(); ;)
        {
            if (await look() is { } found)
            {
                return found;
            }

            await PauseAsync(started, what);
        }
    }

    private static Task PauseAsync(long started, string what)
    {
        Assert.True(Stopwatch.GetElapsedTime(started) < Patience, $"did not happen: {what}");
        return Task.Delay(Pause, TestContext.Current.CancellationToken);
    }
}
