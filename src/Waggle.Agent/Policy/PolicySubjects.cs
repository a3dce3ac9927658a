using System.Collections.Concurrent;
using Waggle.Hosting.Loops;

namespace Waggle.Agent.Policy;

/// <summary>Where features that own endpoints ask for the number of a compiled policy. Answered by <see cref="PolicyLoop"/>. Thread-safe.</summary>
public sealed class PolicySubjects
{
    private readonly ConcurrentQueue<Request> _requests = new();
    private bool _askAgain;

    internal sealed record Request(SubjectKey Key, TaskCompletionSource<uint> Answer);

    /// <summary>Set when a request waits.</summary>
    internal Signal Asked { get; } = new();

    /// <summary>
    /// The number of the subject, when its policy is in the kernel and every other subject's policy knows its identity. The number stays
    /// while an endpoint has it, and for a minute after this call.
    /// </summary>
    /// <exception cref="PolicyNotRealizedException">It cannot be put into the kernel.</exception>
    public async Task<uint> AcquireAsync(SubjectKey key, CancellationToken cancellation)
    {
        var request = new Request(key, new TaskCompletionSource<uint>(TaskCreationOptions.RunContinuationsAsynchronously));
        _requests.Enqueue(request);
        Asked.Set();
        return await request.Answer.Task.WaitAsync(cancellation).ConfigureAwait(false);
    }

    /// <summary>Endpoints have other subjects now, and the kernel knows: every connection is to be decided on again.</summary>
    public void AskAgain()
    {
        Volatile.Write(ref _askAgain, true);
        Asked.Set();
    }

    /// <summary>True once after <see cref="AskAgain"/>.</summary>
    internal bool TakeAskAgain() => Interlocked.Exchange(ref _askAgain, false);

    /// <summary>Takes the requests that wait.</summary>
    internal List<Request> Take()
    {
        var all = new List<Request>();
        while (_requests.TryDequeue(out Request? request))
        {
            all.Add(request);
        }

        return all;
    }
}
