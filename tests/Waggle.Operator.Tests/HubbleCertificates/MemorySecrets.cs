using Waggle.Kube.Resources;
using Waggle.Operator.HubbleCertificates;

namespace Waggle.Operator.Tests.HubbleCertificates;

/// <summary>The operator was killed, or the API server went away.</summary>
internal sealed class KilledException : Exception;

/// <summary>Secrets as the API server keeps them: versions, refused stale writes, and an end whenever a test wants it.</summary>
internal sealed class MemorySecrets : ISecretStore
{
    private long _version;

    public Dictionary<string, Secret> Now { get; } = new(StringComparer.Ordinal);

    /// <summary>Writes done.</summary>
    public int Writes { get; private set; }

    /// <summary>Number of the write at which the operator is killed; 0: never.</summary>
    public int KillAt { get; set; }

    /// <summary>Whether that write comes to pass.</summary>
    public bool KillAfter { get; set; }

    /// <summary>Called after each write.</summary>
    public Action? Written { get; set; }

    public Task<Secret?> TryGetAsync(string name, CancellationToken cancellation) => Task.FromResult(Now.GetValueOrDefault(name));

    public Task WriteAsync(Secret secret, CancellationToken cancellation)
    {
        bool kill = KillAt > 0 && Writes + 1 == KillAt;
        if (kill && !KillAfter)
        {
            KillAt = 0;
            throw new KilledException();
        }

        Assert.Equal(Now.TryGetValue(secret.Metadata.Name!, out Secret? present) ? present.Metadata.ResourceVersion : null, secret.Metadata.ResourceVersion);
        Put(secret);
        Writes++;
        Written?.Invoke();
        if (kill)
        {
            KillAt = 0;
            throw new KilledException();
        }

        return Task.CompletedTask;
    }

    /// <summary>Somebody else writes.</summary>
    public void Put(Secret secret) => Now[secret.Metadata.Name!] = secret with { Metadata = secret.Metadata with { ResourceVersion = $"{++_version}" } };
}
