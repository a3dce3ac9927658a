using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Microsoft.Extensions.Logging;
using Waggle.Kube.Resources;

namespace Waggle.Operator.HubbleCertificates;

/// <summary>When a certificate ends.</summary>
/// <param name="Secret">The Secret it is in.</param>
/// <param name="Key">Its key there.</param>
/// <param name="NotAfter">Its last moment.</param>
internal readonly record struct CertificateEnd(string Secret, string Key, DateTimeOffset NotAfter);

/// <summary>What a pass found.</summary>
/// <param name="Next">When there is something to do again.</param>
/// <param name="Ends">When each certificate ends.</param>
/// <param name="Warning">What a person must do, or null.</param>
internal sealed record PassReport(DateTimeOffset Next, IReadOnlyList<CertificateEnd> Ends, string? Warning);

/// <summary>
/// One look at the Secrets, and the next step of each. An authority is replaced in steps, each one write, so that at no moment, and
/// wherever an operator was killed, one holder is shown a certificate that it does not trust:
/// <list type="number">
/// <item>the successor is made and kept beside the authority;</item>
/// <item>both stand in <c>ca.crt</c> of all our Secrets, for the overlap;</item>
/// <item>the successor becomes the authority;</item>
/// <item>it signs new certificates, both are trusted for the overlap;</item>
/// <item>the old one is trusted no more.</item>
/// </list>
/// What each step waits for stands in the Secret that it is about. An authority that somebody else put in its place goes through
/// the same steps from the second on.
/// </summary>
internal sealed partial class CertificatePass(ISecretStore store, CertificateOptions options, TimeProvider time, ILogger logger)
{
    /// <summary>Between looks when nothing is due.</summary>
    private static readonly TimeSpan Interval = TimeSpan.FromHours(1);

    private readonly List<IDisposable> _read = [];
    private DateTimeOffset _now;
    private DateTimeOffset _next;
    private bool _wrote;

    public async Task<PassReport> RunAsync(CancellationToken cancellation)
    {
        (_now, _wrote) = (time.GetUtcNow(), false);
        _next = _now + Interval;
        try
        {
            AuthoritySecret authority = await AuthorityAsync(cancellation).ConfigureAwait(false);
            LeafPlan[] leaves =
            [
                new("hubble-server-certs", $"*.{options.Cluster}.hubble-grpc.cilium.io", options.ServerValidity),
                new("hubble-relay-client-certs", "*.hubble-relay.cilium.io", options.ClientValidity),
            ];
            foreach (LeafPlan leaf in leaves)
            {
                await ReadAsync(leaf, cancellation).ConfigureAwait(false);
            }

            authority = await StepAsync(authority, leaves, cancellation).ConfigureAwait(false);
            foreach (LeafPlan leaf in leaves)
            {
                await EnsureAsync(leaf, leaves, authority, cancellation).ConfigureAwait(false);
            }

            CertificateEnd[] ends =
            [
                new(AuthoritySecret.Name, "ca.crt", authority.Current.NotAfter.ToUniversalTime()),
                .. authority.Next is { } next ? [new CertificateEnd(AuthoritySecret.Name, "ca-next.crt", next.NotAfter.ToUniversalTime())] : Array.Empty<CertificateEnd>(),
                .. leaves.Where(l => l.State is not null).Select(l => new CertificateEnd(l.Name, "tls.crt", l.State!.Certificate.NotAfter.ToUniversalTime())),
            ];
            return new PassReport(_wrote ? _now : _next, ends, Warning(authority));
        }
        finally
        {
            _read.ForEach(r => r.Dispose());
            _read.Clear();
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

    private async Task ReadAsync(LeafPlan leaf, CancellationToken cancellation)
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

    /// <summary>Steps 1 and 3.</summary>
    private async Task<AuthoritySecret> StepAsync(AuthoritySecret authority, LeafPlan[] leaves, CancellationToken cancellation)
    {
        if (!authority.IsMade)
        {
            return authority;
        }

        DateTimeOffset end = authority.Current.NotAfter.ToUniversalTime();
        X509Certificate2? next = authority.Next is { } n && n.NotAfter.ToUniversalTime() > _now ? n : null;
        if (end <= _now)
        {
            // Nobody was here in time: there is no trust to keep.
            return await WriteAuthorityAsync(authority.Secret, next ?? Make(), cancellation).ConfigureAwait(false);
        }

        if (next is null)
        {
            if (!Reached(Due(authority.Current, options.AuthorityRenewalPercent)))
            {
                return authority;
            }

            next = Make();
            AuthoritySecret two = Keep(AuthoritySecret.Read(authority.WithNext(next, _now)));
            await WriteAsync(two.Secret, cancellation).ConfigureAwait(false);
            LogSuccessor(next.NotAfter);
            return two;
        }

        return Reached(Learned(authority.NextSince, end)) && leaves.All(l => l.Own is not { } own || (own.Trusts(next) && Reached(Learned(own.TrustSince, end))))
            ? await WriteAuthorityAsync(authority.Secret, next, cancellation).ConfigureAwait(false)
            : authority;
    }

    /// <summary>Steps 2, 4 and 5, and the first certificate, and new ones before the old ones end.</summary>
    private async Task EnsureAsync(LeafPlan leaf, LeafPlan[] all, AuthoritySecret authority, CancellationToken cancellation)
    {
        if (leaf.State is { IsMade: false })
        {
            return; // somebody else's, who also renews it
        }

        Secret? secret = leaf.Present;
        bool canSign = authority.CanSign && authority.Current.NotAfter.ToUniversalTime() > _now, sign = MustSign(leaf, all, authority);
        if (sign && !canSign)
        {
            LogCannotSign(leaf.Name);
            if (leaf.Own is null)
            {
                return;
            }
        }
        else if (sign)
        {
            X509Certificate2 made = Keep(CertificateFactory.Leaf(authority.Current, leaf.DnsName, _now, leaf.Validity));
            DateTimeOffset since = leaf.Own is { SignedSince: { } s } own && CertificateFactory.IsIssuer(authority.Current, own.Certificate) ? s : _now;
            secret = LeafSecret.WithCertificate(secret ?? SecretText.Empty(leaf.Name, "kubernetes.io/tls"), made, since);
            LogMade(leaf.Name, made.NotAfter);
        }

        IReadOnlyList<X509Certificate2> trust = Trust(all, authority);
        if (leaf.Own is not { TrustSince: not null } before || before.Trust.Count != trust.Count || !trust.All(before.Trusts))
        {
            // Since when all of these are known: fewer than before were known before.
            DateTimeOffset since = leaf.Own is { TrustSince: { } t } && trust.All(leaf.Own.Trusts) ? t : _now;
            secret = LeafSecret.WithTrust(secret!, trust, since);
            LogTrust(leaf.Name, trust.Count);
        }

        if (!ReferenceEquals(secret, leaf.Present))
        {
            await WriteAsync(secret!, cancellation).ConfigureAwait(false);
            leaf.State = Keep(LeafSecret.Read(secret!)); // what the next one trusts follows from it
        }
    }

    private bool MustSign(LeafPlan leaf, LeafPlan[] all, AuthoritySecret authority)
    {
        if (leaf.Own is not { } own)
        {
            return true;
        }

        DateTimeOffset end = own.Certificate.NotAfter.ToUniversalTime();
        if (end <= _now || !own.Certificate.MatchesHostname(leaf.DnsName.Replace("*", "x", StringComparison.Ordinal)))
        {
            return true;
        }

        if (!CertificateFactory.IsIssuer(authority.Current, own.Certificate))
        {
            return all.All(l => l.Own is not { } other || (other.Trusts(authority.Current) && Reached(Learned(other.TrustSince, end))));
        }

        // A new one that would end no later is no gain.
        return Reached(Due(own.Certificate, options.RenewalPercent)) && end < authority.Current.NotAfter.ToUniversalTime();
    }

    /// <summary>Who signs, who will, who did sign what is still in use, and who did lately: its certificates may still be shown.</summary>
    private List<X509Certificate2> Trust(LeafPlan[] all, AuthoritySecret authority)
    {
        List<X509Certificate2> trust = [.. authority.Certificates];
        if (authority.Next is { } next)
        {
            Add(next);
        }

        bool lately = all.Any(l => l.Own is { } own && (own.SignedSince is not { } since || !Reached(since + options.Overlap)));
        foreach (X509Certificate2 known in all.SelectMany(l => l.Own?.Trust.AsEnumerable() ?? []))
        {
            if (known.NotAfter.ToUniversalTime() > _now && (lately || all.Any(l => l.Own is { } own && CertificateFactory.IsIssuer(known, own.Certificate))))
            {
                Add(known);
            }
        }

        return trust;

        void Add(X509Certificate2 certificate)
        {
            if (!trust.Any(t => t.RawDataMemory.Span.SequenceEqual(certificate.RawDataMemory.Span)))
            {
                trust.Add(certificate);
            }
        }
    }

    /// <summary>When everybody knows what was written then; sooner if otherwise the end would come first.</summary>
    private DateTimeOffset Learned(DateTimeOffset? since, DateTimeOffset end)
    {
        DateTimeOffset from = since ?? _now;
        TimeSpan half = (end - from) / 2;
        return from + (half < options.Overlap ? half : options.Overlap);
    }

    private static DateTimeOffset Due(X509Certificate2 certificate, int percent)
    {
        DateTimeOffset from = certificate.NotBefore.ToUniversalTime(), to = certificate.NotAfter.ToUniversalTime();
        return from + ((to - from) * (percent / 100.0));
    }

    /// <summary>Whether a time has come; if not, there will be something to do then.</summary>
    private bool Reached(DateTimeOffset at)
    {
        if (at <= _now)
        {
            return true;
        }

        _next = at < _next ? at : _next;
        return false;
    }

    private string? Warning(AuthoritySecret authority)
    {
        DateTimeOffset end = authority.Current.NotAfter.ToUniversalTime();
        return authority.IsMade || !Reached(Due(authority.Current, options.AuthorityRenewalPercent)) ? null
            : $"the authority in Secret {AuthoritySecret.Name} {(end > _now ? "ends" : "ended")} {end:u}; it was not made by this operator and is not renewed: put a new one there, both will be trusted for {options.Overlap}";
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

    [LoggerMessage(2091, LogLevel.Information, "certificate in Secret {Name} made, good until {NotAfter}")]
    private partial void LogMade(string name, DateTime notAfter);

    [LoggerMessage(2092, LogLevel.Warning, "Secret {Name} makes no sense and is made anew: {Problem}")]
    private partial void LogUnreadable(string name, string problem);

    [LoggerMessage(2094, LogLevel.Information, "Hubble's authority is a new one, good until {NotAfter}")]
    private partial void LogAuthority(DateTime notAfter);

    [LoggerMessage(2095, LogLevel.Information, "the successor of Hubble's authority is made, good until {NotAfter}; it is trusted first, and signs later")]
    private partial void LogSuccessor(DateTime notAfter);

    [LoggerMessage(2096, LogLevel.Information, "holders of Secret {Name} trust {Count} authorities")]
    private partial void LogTrust(string name, int count);

    [LoggerMessage(2097, LogLevel.Warning, "Secret {Name} needs a certificate, but the authority in Secret cilium-ca ended or has no key (ca.key) to sign it with: put a new one there")]
    private partial void LogCannotSign(string name);

    /// <summary>One certificate to keep.</summary>
    private sealed class LeafPlan(string name, string dnsName, TimeSpan validity)
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
