namespace Waggle.Linux;

/// <summary>
/// Runs one function on a thread that enters a namespace first and ends afterwards. Threads are never reused: one that failed to
/// leave a namespace would otherwise carry it to innocent work.
/// </summary>
internal static class NamespaceThread
{
    /// <summary>The calling thread's network namespace; <c>/proc/self</c> would be the main thread's.</summary>
    internal const string OwnNamespace = "/proc/thread-self/ns/net";

    private const int StackBytes = 256 * 1024;

    internal static T Run<T>(NetworkNamespace? @namespace, Func<T> function) => RunAsync(@namespace, function, continuations: false).GetAwaiter().GetResult();

    internal static Task<T> RunAsync<T>(NetworkNamespace? @namespace, Func<T> function) => RunAsync(@namespace, function, continuations: true);

    private static Task<T> RunAsync<T>(NetworkNamespace? @namespace, Func<T> function, bool continuations)
    {
        // Continuations must not run on the namespace's thread.
        var done = new TaskCompletionSource<T>(continuations ? TaskCreationOptions.RunContinuationsAsynchronously : TaskCreationOptions.None);
        var thread = new Thread(() =>
        {
            try
            {
                if (@namespace is not null && Libc.setns(@namespace.Descriptor, Libc.CLONE_NEWNET) < 0)
                    throw LinuxException.Last("enter network namespace", @namespace.ToString());
                done.SetResult(function());
            }
            catch (Exception exception)
            {
                done.SetException(exception);
            }
        }, StackBytes)
        {
            IsBackground = true,
            Name = "netns",
        };
        thread.UnsafeStart();
        return done.Task;
    }
}
