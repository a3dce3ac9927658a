using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Waggle.Kube.Resources;

namespace Waggle.Operator.HubbleCertificates;

/// <summary>
/// A Secret with a certificate and the authorities that its holder trusts. Annotations tell what was made here, and since when its holder
/// could have learned it: a new authority may sign only after every holder knows it.
/// </summary>
internal sealed class LeafSecret : IDisposable
{
    private const string Authorities = "ca.crt", CertificateKey = "tls.crt", PrivateKey = "tls.key";
    private const string MadeAnnotation = "waggle.io/certificate", SignedAnnotation = "waggle.io/signed-by-authority-since";
    private const string TrustAnnotation = "waggle.io/trust", TrustSinceAnnotation = "waggle.io/trust-since";

    private LeafSecret(Secret secret, X509Certificate2 certificate, X509Certificate2Collection trust) => (Secret, Certificate, Trust) = (secret, certificate, trust);

    public Secret Secret { get; }

    public X509Certificate2 Certificate { get; }

    /// <summary>Authorities that its holder trusts.</summary>
    public X509Certificate2Collection Trust { get; }

    /// <summary>Whether the certificate was made here.</summary>
    public bool IsMade { get; private init; }

    /// <summary>Since when it is of the authority that it is of; null: not known.</summary>
    public DateTimeOffset? SignedSince { get; private init; }

    /// <summary>Since when <see cref="Trust"/> is what it is; null: somebody changed it. Authorities that were taken out do not count.</summary>
    public DateTimeOffset? TrustSince { get; private init; }

    /// <exception cref="FormatException">Something is missing.</exception>
    /// <exception cref="CryptographicException">Something makes no sense.</exception>
    public static LeafSecret Read(Secret secret)
    {
        var certificate = X509Certificate2.CreateFromPem(SecretText.Get(secret, CertificateKey), SecretText.Get(secret, PrivateKey));
        X509Certificate2Collection trust = SecretText.Certificates(secret, Authorities);
        bool intact = secret.Metadata.Annotations.GetValueOrDefault(TrustAnnotation) == SecretText.Fingerprint(SecretText.Get(secret, Authorities));
        return new LeafSecret(secret, certificate, trust)
        {
            IsMade = secret.Metadata.Annotations.GetValueOrDefault(MadeAnnotation) == SecretText.Fingerprint(certificate),
            SignedSince = SecretText.Time(secret, SignedAnnotation),
            TrustSince = intact ? SecretText.Time(secret, TrustSinceAnnotation) : null,
        };
    }

    public bool Trusts(X509Certificate2 authority) => Trust.Holds(authority);

    /// <summary>The Secret with other authorities to trust, all of which were there since then.</summary>
    public static Secret WithTrust(Secret secret, IReadOnlyList<X509Certificate2> authorities, DateTimeOffset since)
    {
        string pem = SecretText.Pem(authorities);
        return SecretText.With(secret, [new(Authorities, pem)], [new(TrustAnnotation, SecretText.Fingerprint(pem)), new(TrustSinceAnnotation, SecretText.Time(since))]);
    }

    /// <summary>The Secret with this certificate.</summary>
    /// <param name="secret">What is there.</param>
    /// <param name="certificate">With its key.</param>
    /// <param name="signedSince">Since when it is of its authority.</param>
    public static Secret WithCertificate(Secret secret, X509Certificate2 certificate, DateTimeOffset signedSince) => SecretText.With(
        secret,
        [new(CertificateKey, SecretText.Pem([certificate])), new(PrivateKey, SecretText.KeyPem(certificate))],
        [new(MadeAnnotation, SecretText.Fingerprint(certificate)), new(SignedAnnotation, SecretText.Time(signedSince))]);

    public void Dispose()
    {
        Certificate.Dispose();
        foreach (X509Certificate2 certificate in Trust)
        {
            certificate.Dispose();
        }
    }
}
