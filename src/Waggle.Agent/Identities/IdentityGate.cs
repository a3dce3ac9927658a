namespace Waggle.Agent.Identities;

/// <summary>Keeps an identity from appearing on packets before policy knows it.</summary>
/// <remarks>
/// Policy opens it for an identity once every table that says something about it is in the kernel. Who maps an address to an identity
/// passes here first, so there is no moment in which a new pod meets rules made without it.
/// </remarks>
public sealed class IdentityGate(TimeProvider time)
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(2);
    private readonly Lock _lock = new();
    private readonly HashSet<uint> _open = [];
    private readonly Dictionary<uint, TaskCompletionSource> _waiting = [];
    private bool _all;

    /// <summary>Returns when packets may carry <paramref name="identity"/>.</summary>
    /// <exception cref="InvalidOperationException">Policy does not get to it; try again later.</exception>
    public async ValueTask PassAsync(uint identity, CancellationToken cancellation)
    {
        Task opened;
        lock (_lock)
        {
            if (_all || identity < ReservedIdentity.FirstAllocated || _open.Contains(identity))
            {
                return;
            }

            if (!_waiting.TryGetValue(identity, out TaskCompletionSource? waiter))
            {
                _waiting[identity] = waiter = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            }

            opened = waiter.Task;
        }

        try
        {
            await opened.WaitAsync(Patience, time, cancellation).ConfigureAwait(false);
        }
        catch (TimeoutException)
        {
            throw new InvalidOperationException($"identity {identity} is not in the kernel's policy yet: waggle state policy-subjects");
        }
    }

    /// <summary>Packets may carry these from now on.</summary>
    public void Open(IEnumerable<uint> identities)
    {
        var done = new List<TaskCompletionSource>();
        lock (_lock)
        {
            foreach (uint identity in identities)
            {
                _open.Add(identity);
                if (_waiting.Remove(identity, out TaskCompletionSource? waiter))
                {
                    done.Add(waiter);
                }
            }
        }

        foreach (TaskCompletionSource waiter in done)
        {
            waiter.TrySetResult();
        }
    }

    /// <summary>These are gone; should they come again, they wait again.</summary>
    public void Close(IEnumerable<uint> identities)
    {
        lock (_lock)
        {
            _open.ExceptWith(identities);
        }
    }

    /// <summary>Nothing is enforced: no gate.</summary>
    public void OpenAll(bool always)
    {
        TaskCompletionSource[] done;
        lock (_lock)
        {
            _all = always;
            done = always ? [.. _waiting.Values] : [];
            if (always)
            {
                _waiting.Clear();
            }
        }

        foreach (TaskCompletionSource waiter in done)
        {
            waiter.TrySetResult();
        }
    }
}
