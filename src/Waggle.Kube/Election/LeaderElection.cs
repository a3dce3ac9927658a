using Microsoft.Extensions.Logging;
using Waggle.Kube.Client;
using Waggle.Kube.Resources;

namespace Waggle.Kube.Election;

/// <summary>One of several processes leads: it holds a Lease and renews it.</summary>
/// <remarks>
/// Expiry is judged by this process's own clock, from the moment it saw the Lease change last: clocks of other machines do not
/// matter. A leader that cannot renew for <see cref="RenewDeadline"/> stops leading before another may take over.
/// </remarks>
public sealed partial class LeaderElection(KubeClient client, string @namespace, string name, string identity, TimeProvider time, ILogger<LeaderElection> logger)
{
    public static readonly TimeSpan LeaseDuration = TimeSpan.FromSeconds(15), RenewDeadline = TimeSpan.FromSeconds(10), RetryPeriod = TimeSpan.FromSeconds(2);

    private string _seenVersion = "";
    private long _seenAt;

    public bool IsLeader { get; private set; }

    /// <summary>Waits to be elected, then runs <paramref name="lead"/> with a token that ends when the Lease is lost.</summary>
    /// <returns>False when the Lease was lost; true after <paramref name="cancellation"/> (the Lease is then given back).</returns>
    public async Task<bool> RunAsync(Func<CancellationToken, Task> lead, CancellationToken cancellation)
    {
        try
        {
            while (!await TryAcquireAsync(cancellation).ConfigureAwait(false))
            {
                await Task.Delay(RetryPeriod, time, cancellation).ConfigureAwait(false);
            }
        }
        catch (OperationCanceledException)
        {
            return true;
        }

        IsLeader = true;
        LogElected(identity, @namespace, name);
        using var leading = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        Task work = lead(leading.Token);
        Task<bool> renewal = RenewAsync(leading.Token);
        Task first = await Task.WhenAny(work, renewal).ConfigureAwait(false);
        await leading.CancelAsync().ConfigureAwait(false);
        try
        {
            await work.ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (leading.IsCancellationRequested)
        {
        }
        finally
        {
            await renewal.ConfigureAwait(false);
            IsLeader = false;
        }

        if (cancellation.IsCancellationRequested)
        {
            await ReleaseAsync().ConfigureAwait(false);
            return true;
        }

        LogLost(identity, first == work);
        return false;
    }

    private async Task<bool> RenewAsync(CancellationToken cancellation)
    {
        // One limit over everything until the next success: an attempt that hangs must not outlive the deadline.
        using var deadline = new CancellationTokenSource(RenewDeadline, time);
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellation, deadline.Token);
        try
        {
            while (true)
            {
                await Task.Delay(RetryPeriod, time, limit.Token).ConfigureAwait(false);
                if (await TryAcquireAsync(limit.Token).ConfigureAwait(false))
                {
                    deadline.CancelAfter(RenewDeadline);
                }
            }
        }
        catch (OperationCanceledException)
        {
            return false;
        }
    }

    /// <summary>Takes the Lease when it is free, expired or already ours. False: another holds it, or the API did not answer.</summary>
    private async Task<bool> TryAcquireAsync(CancellationToken cancellation)
    {
        try
        {
            Lease? lease = await client.TryGetAsync(KubeTypes.Leases, @namespace, name, cancellation).ConfigureAwait(false);
            DateTimeOffset now = time.GetUtcNow();
            if (lease is null)
            {
                await client.CreateAsync(KubeTypes.Leases, new Lease { Metadata = new ObjectMeta { Namespace = @namespace, Name = name }, Spec = Hold(null, now) }, cancellation: cancellation).ConfigureAwait(false);
                return true;
            }

            if (lease.Metadata.ResourceVersion != _seenVersion)
            {
                _seenVersion = lease.Metadata.ResourceVersion ?? "";
                _seenAt = time.GetTimestamp();
            }

            bool free = string.IsNullOrEmpty(lease.Spec.HolderIdentity) || lease.Spec.HolderIdentity == identity;
            TimeSpan allowed = TimeSpan.FromSeconds(lease.Spec.LeaseDurationSeconds ?? LeaseDuration.TotalSeconds);
            if (!free && time.GetElapsedTime(_seenAt) < allowed)
            {
                return false;
            }

            // The resource version in the object makes this fail when another was faster.
            await client.UpdateAsync(KubeTypes.Leases, lease with { Spec = Hold(lease.Spec, now) }, cancellation: cancellation).ConfigureAwait(false);
            return true;
        }
        catch (KubeApiException e)
        {
            if (!e.IsConflict && !e.IsAlreadyExists)
            {
                LogFailed(@namespace, name, e.Message);
            }

            return false;
        }
    }

    private LeaseSpec Hold(LeaseSpec? before, DateTimeOffset now)
    {
        bool mine = before?.HolderIdentity == identity;
        return new LeaseSpec
        {
            HolderIdentity = identity,
            LeaseDurationSeconds = (int)LeaseDuration.TotalSeconds,
            AcquireTime = mine ? before!.AcquireTime : now,
            RenewTime = now,
            LeaseTransitions = (before?.LeaseTransitions ?? 0) + (mine || before is null ? 0 : 1),
        };
    }

    /// <summary>Lets the next one in at once. A failure only costs it the waiting time.</summary>
    private async Task ReleaseAsync()
    {
        try
        {
            using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(2));
            Lease? lease = await client.TryGetAsync(KubeTypes.Leases, @namespace, name, limit.Token).ConfigureAwait(false);
            if (lease?.Spec.HolderIdentity == identity)
            {
                await client.UpdateAsync(KubeTypes.Leases, lease with { Spec = lease.Spec with { HolderIdentity = "", RenewTime = time.GetUtcNow() } }, cancellation: limit.Token).ConfigureAwait(false);
            }
        }
        catch (Exception e) when (e is KubeApiException or OperationCanceledException)
        {
            LogFailed(@namespace, name, e.Message);
        }
    }
}
