using Waggle.Kube.Client;
using Waggle.Kube.Resources;

namespace Waggle.Lab.Nodes.Volumes;

/// <summary>Tokens of service accounts for pods, renewed before they expire.</summary>
internal sealed class TokenIssuer(KubeClient client, TimeProvider time)
{
    private const long DefaultSeconds = 3600;

    private readonly Dictionary<(string Pod, string Audience, long Seconds), TokenRequestStatus> _tokens = [];
    private readonly Lock _gate = new();

    /// <summary>A token that is valid for at least a fifth of its life.</summary>
    /// <exception cref="KubeApiException">The API server gives none, e.g. because the account does not exist.</exception>
    public async Task<string> GetAsync(Pod pod, ServiceAccountTokenProjection projection, CancellationToken cancellation)
    {
        long seconds = projection.ExpirationSeconds ?? DefaultSeconds;
        (string, string, long) key = (pod.Metadata.Uid ?? "", projection.Audience ?? "", seconds);
        lock (_gate)
        {
            if (_tokens.TryGetValue(key, out TokenRequestStatus? known) && (known.ExpirationTimestamp is not { } expiry || expiry - time.GetUtcNow() > TimeSpan.FromSeconds(seconds / 5.0)))
                return known.Token;
        }
        var request = new TokenRequest
        {
            ApiVersion = "authentication.k8s.io/v1",
            Kind = "TokenRequest",
            Spec = new TokenRequestSpec
            {
                Audiences = projection.Audience is { Length: > 0 } audience ? [audience] : [],
                ExpirationSeconds = seconds,
                BoundObjectRef = new ObjectReference { ApiVersion = "v1", Kind = "Pod", Name = pod.Metadata.Name, Uid = pod.Metadata.Uid },
            },
        };
        TokenRequest answer = await client.PostSubresourceAsync<TokenRequest, TokenRequest>(
            KubeTypes.ServiceAccounts, pod.Metadata.Namespace, pod.Spec.ServiceAccountName ?? "default", "token", request, cancellation).ConfigureAwait(false);
        TokenRequestStatus status = answer.Status ?? throw new ReferenceTokenException();
        lock (_gate)
            _tokens[key] = status;
        return status.Token;
    }

    public void Forget(string podUid)
    {
        lock (_gate)
        {
            foreach ((string Pod, string Audience, long Seconds) key in _tokens.Keys.Where(key => key.Pod == podUid).ToList())
                _tokens.Remove(key);
        }
    }
}

/// <summary>The API server answered a token request without a token.</summary>
internal sealed class ReferenceTokenException() : Exception("the API server answered a token request without a token");
