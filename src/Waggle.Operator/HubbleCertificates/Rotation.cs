using System.Security.Cryptography.X509Certificates;

namespace Waggle.Operator.HubbleCertificates;

/// <summary>What is to be done with the authority.</summary>
internal enum AuthorityStep
{
    None,

    /// <summary>A successor is made and kept beside it.</summary>
    MakeSuccessor,

    /// <summary>The successor takes its place; a new one if there is no successor.</summary>
    Replace,
}

/// <summary>
/// The decisions of one <see cref="CertificatePass"/>, from what stands in the Secrets alone. An authority is replaced in steps, each one
/// write, so that at no moment, and wherever an operator was killed, one holder is shown a certificate that it does not trust:
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
/// <remarks><c>ours</c>: what is in the Secrets with certificates that were made here.</remarks>
internal sealed class Rotation(CertificateOptions options, DateTimeOffset now)
{
    /// <summary>Between looks when nothing is due.</summary>
    private static readonly TimeSpan Interval = TimeSpan.FromHours(1);

    /// <summary>When one of the answers so far may be another.</summary>
    public DateTimeOffset Next { get; private set; } = now + Interval;

    /// <summary>Steps 1 and 3.</summary>
    public AuthorityStep Step(AuthoritySecret authority, IReadOnlyList<LeafSecret> ours)
    {
        if (!authority.IsMade)
        {
            return AuthorityStep.None;
        }

        DateTimeOffset end = authority.Current.Ends();
        if (end <= now)
        {
            return AuthorityStep.Replace; // nobody was here in time: there is no trust to keep
        }

        if (Successor(authority) is not { } next)
        {
            return Reached(authority.Current.After(options.AuthorityRenewalPercent)) ? AuthorityStep.MakeSuccessor : AuthorityStep.None;
        }

        return Reached(Learned(authority.NextSince, end)) && AllKnow(ours, next, end) ? AuthorityStep.Replace : AuthorityStep.None;
    }

    /// <summary>The one that waits beside the authority, if it still can become one.</summary>
    public X509Certificate2? Successor(AuthoritySecret authority) => authority.Next is { } next && next.Ends() > now ? next : null;

    public bool CanSign(AuthoritySecret authority) => authority.CanSign && authority.Current.Ends() > now;

    /// <summary>Step 4, the first certificate, and new ones before the old ones end.</summary>
    /// <param name="leaf">The certificate there is; null: none that was made here.</param>
    /// <param name="dnsName">That it must be for.</param>
    /// <param name="ours">All of them.</param>
    /// <param name="authority">Who would sign.</param>
    public bool MustSign(LeafSecret? leaf, string dnsName, IReadOnlyList<LeafSecret> ours, AuthoritySecret authority)
    {
        if (leaf is null)
        {
            return true;
        }

        DateTimeOffset end = leaf.Certificate.Ends();
        if (end <= now || !leaf.Certificate.MatchesHostname(dnsName.Replace("*", "x", StringComparison.Ordinal)))
        {
            return true;
        }

        if (!CertificateFactory.IsIssuer(authority.Current, leaf.Certificate))
        {
            return AllKnow(ours, authority.Current, end);
        }

        // A new one that would end no later is no gain.
        return Reached(leaf.Certificate.After(options.RenewalPercent)) && end < authority.Current.Ends();
    }

    /// <summary>Since when a certificate that is made now has been of its authority: the one before may have been, too.</summary>
    public DateTimeOffset SignedSince(LeafSecret? before, AuthoritySecret authority) =>
        before is { SignedSince: { } since } && CertificateFactory.IsIssuer(authority.Current, before.Certificate) ? since : now;

    /// <summary>Steps 2 and 5: who signs, who will, who did sign what is still in use, and who did lately, as its certificates may still be shown.</summary>
    public IReadOnlyList<X509Certificate2> Trust(IReadOnlyList<LeafSecret> ours, AuthoritySecret authority)
    {
        List<X509Certificate2> trust = [.. authority.Certificates];
        if (authority.Next is { } next)
        {
            Add(next);
        }

        bool lately = ours.Any(own => own.SignedSince is not { } since || !Reached(since + options.Overlap));
        foreach (X509Certificate2 known in ours.SelectMany(own => own.Trust))
        {
            if (known.Ends() > now && (lately || ours.Any(own => CertificateFactory.IsIssuer(known, own.Certificate))))
            {
                Add(known);
            }
        }

        return trust;

        void Add(X509Certificate2 certificate)
        {
            if (!trust.Holds(certificate))
            {
                trust.Add(certificate);
            }
        }
    }

    /// <summary>Since when a holder knows all of these: fewer than before were known before.</summary>
    public DateTimeOffset TrustSince(LeafSecret? before, IReadOnlyList<X509Certificate2> trust) =>
        before is { TrustSince: { } since } && trust.All(before.Trusts) ? since : now;

    /// <summary>What a person must do, or null.</summary>
    public string? Warning(AuthoritySecret authority)
    {
        DateTimeOffset end = authority.Current.Ends();
        return authority.IsMade || !Reached(authority.Current.After(options.AuthorityRenewalPercent)) ? null
            : $"the authority in Secret {AuthoritySecret.Name} {(end > now ? "ends" : "ended")} {end:u}; it was not made by this operator and is not renewed: put a new one there, both will be trusted for {options.Overlap}";
    }

    private bool AllKnow(IReadOnlyList<LeafSecret> ours, X509Certificate2 authority, DateTimeOffset end) =>
        ours.All(own => own.Trusts(authority) && Reached(Learned(own.TrustSince, end)));

    /// <summary>When everybody knows what was written then; sooner if otherwise the end would come first.</summary>
    private DateTimeOffset Learned(DateTimeOffset? since, DateTimeOffset end)
    {
        DateTimeOffset from = since ?? now;
        TimeSpan half = (end - from) / 2;
        return from + (half < options.Overlap ? half : options.Overlap);
    }

    /// <summary>Whether a time has come; if not, there will be something to do then.</summary>
    private bool Reached(DateTimeOffset at)
    {
        if (at <= now)
        {
            return true;
        }

        Next = at < Next ? at : Next;
        return false;
    }
}
