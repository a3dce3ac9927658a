using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Microsoft.Extensions.Logging;
using Waggle.Kube.Resources;

namespace Waggle.Operator.HubbleCertificates;

/// <summary>One look at the Secrets, and the next step of each, as <see cref="Rotation"/> decides.</summary>
internal sealed partial class CertificatePass(ISecretStore store, CertificateOptions options, TimeProvider time, ILogger logger)
{
    private readonly List<IDisposable> _read = [];
    private DateTimeOffset _now;
    private bool _wrote;

    public async Task<PassReport> RunAsync(CancellationToken cancellation)
    {
        (_now, _wrote) = (time.GetUtcNow(), false);
        var rotation = new Rotation(options, _now);
        try
        {
            AuthoritySecret authority = await AuthorityAsync(cancellation).ConfigureAwait(false);
            Leaf[] leaves =
            [
                new("hubble-server-certs", $"*.{options.Cluster}.hubble-grpc.cilium.io", options.ServerValidity),
                new("hubble-relay-client-certs", "*.hubble-relay.cilium.io", options.ClientValidity),
            ];
            foreach (Leaf leaf in leaves)
            {
                await ReadAsync(leaf, cancellation).ConfigureAwait(false);
            }

            authority = rotation.Step(authority, Ours(leaves)) switch
            {
                AuthorityStep.MakeSuccessor => await WriteSuccessorAsync(authority, cancellation).ConfigureAwait(false),
                AuthorityStep.Replace => await WriteAuthorityAsync(authority.Secret, rotation.Successor(authority) ?? Make(), cancellation).ConfigureAwait(false),
                _ => authority,
            };
            foreach (Leaf leaf in leaves)
            {
                await EnsureAsync(leaf, leaves, authority, rotation, cancellation).ConfigureAwait(false);
            }

            string? warning = rotation.Warning(authority);
            return new PassReport(_wrote ? _now : rotation.Next, [.. Ends(authority, leaves)], warning);
        }
        finally
        {
            _read.ForEach(r => r.Dispose());
            _read.Clear();
        }
    }

    private static LeafSecret[] Ours(Leaf[] leaves) => [.. leaves.Select(leaf => leaf.Own).OfType<LeafSecret>()];

    private static IEnumerable<CertificateEnd> Ends(AuthoritySecret authority, Leaf[] leaves)
    {
        yield return new CertificateEnd(AuthoritySecret.Name, "ca.crt", authority.Current.Ends());
        if (authority.Next is { } next)
        {
            yield return new CertificateEnd(AuthoritySecret.Name, "ca-next.crt", next.Ends());
        }

        foreach (Leaf leaf in leaves)
        {
            if (leaf.State is { } state)
            {
                yield return new CertificateEnd(leaf.Name, "tls.crt", state.Certificate.Ends());
            }
        }
    }

    private async Task<AuthoritySecret> AuthorityAsync(CancellationToken cancellation)
    {
        if (await store.TryGetAsync(AuthoritySecret.Name, cancellation).ConfigureAwait(false) is { } present)
        {
            try
            {
                return Keep(AuthoritySecret.Read(present));
            }
            catch (Exception e) when (e is CryptographicException or FormatException or ArgumentException)
            {
                throw new FormatException($"Secret {AuthoritySecret.Name} makes no sense ({e.Message}): put an authority there, or delete it to have one made", e);
            }
        }

        return await WriteAuthorityAsync(null, Make(), cancellation).ConfigureAwait(false);
    }

    private X509Certificate2 Make() => Keep(CertificateFactory.Authority("Cilium CA", _now, options.AuthorityValidity));

    private async Task ReadAsync(Leaf leaf, CancellationToken cancellation)
    {
        leaf.Present = await store.TryGetAsync(leaf.Name, cancellation).ConfigureAwait(false);
        if (leaf.Present is null)
        {
            return;
        }

        try
        {
            leaf.State = Keep(LeafSecret.Read(leaf.Present));
        }
        catch (Exception e) when (e is CryptographicException or FormatException or ArgumentException)
        {
            LogUnreadable(leaf.Name, e.Message);
        }
    }

    private async Task EnsureAsync(Leaf leaf, Leaf[] all, AuthoritySecret authority, Rotation rotation, CancellationToken cancellation)
    {
        if (leaf.State is { IsMade: false })
        {
            return; // somebody else's, who also renews it
        }

        Secret? secret = leaf.Present;
        LeafSecret[] ours = Ours(all);
        if (rotation.MustSign(leaf.Own, leaf.DnsName, ours, authority))
        {
            if (rotation.CanSign(authority))
            {
                X509Certificate2 made = Keep(CertificateFactory.Leaf(authority.Current, leaf.DnsName, _now, leaf.Validity));
                secret = LeafSecret.WithCertificate(secret ?? SecretText.Empty(leaf.Name, "kubernetes.io/tls"), made, rotation.SignedSince(leaf.Own, authority));
                LogMade(leaf.Name, made.NotAfter);
            }
            else
            {
                LogCannotSign(leaf.Name);
                if (leaf.Own is null)
                {
                    return;
                }
            }
        }

        IReadOnlyList<X509Certificate2> trust = rotation.Trust(ours, authority);
        if (leaf.Own is not { TrustSince: not null } before || before.Trust.Count != trust.Count || !trust.All(before.Trusts))
        {
            secret = LeafSecret.WithTrust(secret!, trust, rotation.TrustSince(leaf.Own, trust));
            LogTrust(leaf.Name, trust.Count);
        }

        if (!ReferenceEquals(secret, leaf.Present))
        {
            await WriteAsync(secret!, cancellation).ConfigureAwait(false);
            leaf.State = Keep(LeafSecret.Read(secret!)); // what the next one trusts follows from it
        }
    }

    private async Task<AuthoritySecret> WriteSuccessorAsync(AuthoritySecret authority, CancellationToken cancellation)
    {
        X509Certificate2 next = Make();
        AuthoritySecret both = Keep(AuthoritySecret.Read(authority.WithNext(next, _now)));
        await WriteAsync(both.Secret, cancellation).ConfigureAwait(false);
        LogSuccessor(next.NotAfter);
        return both;
    }

    private async Task<AuthoritySecret> WriteAuthorityAsync(Secret? present, X509Certificate2 authority, CancellationToken cancellation)
    {
        Secret secret = AuthoritySecret.With(present, authority);
        await WriteAsync(secret, cancellation).ConfigureAwait(false);
        LogAuthority(authority.NotAfter);
        return Keep(AuthoritySecret.Read(secret));
    }

    private Task WriteAsync(Secret secret, CancellationToken cancellation)
    {
        _wrote = true;
        return store.WriteAsync(secret, cancellation);
    }

    private T Keep<T>(T read)
        where T : IDisposable
    {
        _read.Add(read);
        return read;
    }

    /// <summary>One certificate to keep.</summary>
    private sealed class Leaf(string name, string dnsName, TimeSpan validity)
    {
        public string Name { get; } = name;

        public string DnsName { get; } = dnsName;

        public TimeSpan Validity { get; } = validity;

        public Secret? Present { get; set; }

        /// <summary>What is in it, if it makes sense.</summary>
        public LeafSecret? State { get; set; }

        /// <summary>The same if it was made here.</summary>
        public LeafSecret? Own => State is { IsMade: true } ? State : null;
    }
}
