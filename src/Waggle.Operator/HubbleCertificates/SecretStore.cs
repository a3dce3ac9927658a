using Waggle.Kube.Client;
using Waggle.Kube.Resources;

namespace Waggle.Operator.HubbleCertificates;

/// <summary>Where certificates are kept: each write is whole or not at all, and refused when somebody else wrote meanwhile.</summary>
internal interface ISecretStore
{
    Task<Secret?> TryGetAsync(string name, CancellationToken cancellation);

    /// <summary>Creates a Secret that has no version yet, replaces the version it has otherwise.</summary>
    Task WriteAsync(Secret secret, CancellationToken cancellation);
}

/// <summary>Secrets of one namespace of the cluster.</summary>
internal sealed class ClusterSecretStore(KubeClient client, string @namespace) : ISecretStore
{
    public Task<Secret?> TryGetAsync(string name, CancellationToken cancellation) => client.TryGetAsync(KubeTypes.Secrets, @namespace, name, cancellation);

    public async Task WriteAsync(Secret secret, CancellationToken cancellation)
    {
        if (secret.Metadata.ResourceVersion is { Length: > 0 })
        {
            await client.UpdateAsync(KubeTypes.Secrets, secret, cancellation: cancellation).ConfigureAwait(false);
            return;
        }

        await client.CreateAsync(KubeTypes.Secrets, secret with { Metadata = secret.Metadata with { Namespace = @namespace } }, cancellation: cancellation).ConfigureAwait(false);
    }
}
