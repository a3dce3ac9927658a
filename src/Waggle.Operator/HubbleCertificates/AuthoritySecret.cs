using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Waggle.Kube.Resources;

namespace Waggle.Operator.HubbleCertificates;

/// <summary>
/// Secret <c>cilium-ca</c>: the authority that signs (<c>ca.crt</c>, <c>ca.key</c>) and, while it is being replaced, its successor
/// (<c>ca-next.crt</c>, <c>ca-next.key</c>). An annotation with the fingerprint tells an authority that was made here from one that
/// somebody brought; the latter is never changed.
/// </summary>
internal sealed class AuthoritySecret : IDisposable
{
    public const string Name = "cilium-ca";
    private const string Certificate = "ca.crt", Key = "ca.key", NextCertificate = "ca-next.crt", NextKey = "ca-next.key";
    private const string MadeAnnotation = "waggle.io/authority", NextSinceAnnotation = "waggle.io/next-authority-since";

    private AuthoritySecret(Secret secret, X509Certificate2 current, X509Certificate2Collection certificates) => (Secret, Current, Certificates) = (secret, current, certificates);

    public Secret Secret { get; }

    /// <summary>The one that signs, with its key if <see cref="CanSign"/>.</summary>
    public X509Certificate2 Current { get; }

    /// <summary>All that stand in <c>ca.crt</c>; what somebody brought may be a chain.</summary>
    public X509Certificate2Collection Certificates { get; }

    public bool CanSign => Current.HasPrivateKey;

    /// <summary>Whether it was made here.</summary>
    public bool IsMade { get; private init; }

    /// <summary>The successor with its key, if there is one.</summary>
    public X509Certificate2? Next { get; private init; }

    /// <summary>When the successor was put here.</summary>
    public DateTimeOffset? NextSince { get; private init; }

    /// <exception cref="FormatException">It is no authority.</exception>
    /// <exception cref="CryptographicException">It is no authority.</exception>
    public static AuthoritySecret Read(Secret secret)
    {
        X509Certificate2Collection all = SecretText.Certificates(secret, Certificate);
        X509Certificate2 current = SecretText.Find(secret, Key) is { Length: > 0 } key ? X509Certificate2.CreateFromPem(SecretText.Get(secret, Certificate), key) : X509CertificateLoader.LoadCertificate(all[0].RawData);
        if (current.Extensions.OfType<X509BasicConstraintsExtension>().FirstOrDefault()?.CertificateAuthority != true)
        {
            throw new FormatException($"the certificate in {Certificate} is not one of an authority");
        }

        bool made = secret.Metadata.Annotations.GetValueOrDefault(MadeAnnotation) == SecretText.Fingerprint(current);
        X509Certificate2? next = made && SecretText.Find(secret, NextCertificate) is { } nextPem && SecretText.Find(secret, NextKey) is { } nextKey ? TryRead(nextPem, nextKey) : null;
        return new AuthoritySecret(secret, current, all) { IsMade = made, Next = next, NextSince = SecretText.Time(secret, NextSinceAnnotation) };
    }

    /// <summary>A Secret in which this authority signs and has no successor.</summary>
    public static Secret With(Secret? secret, X509Certificate2 authority) => SecretText.With(
        secret ?? SecretText.Empty(Name, "Opaque"),
        [new(Certificate, SecretText.Pem([authority])), new(Key, SecretText.KeyPem(authority)), new(NextCertificate, null), new(NextKey, null)],
        [new(MadeAnnotation, SecretText.Fingerprint(authority)), new(NextSinceAnnotation, null)]);

    /// <summary>The Secret with a successor.</summary>
    public Secret WithNext(X509Certificate2 next, DateTimeOffset now) => SecretText.With(
        Secret, [new(NextCertificate, SecretText.Pem([next])), new(NextKey, SecretText.KeyPem(next))], [new(NextSinceAnnotation, SecretText.Time(now))]);

    public void Dispose()
    {
        Current.Dispose();
        Next?.Dispose();
        foreach (X509Certificate2 certificate in Certificates)
        {
            certificate.Dispose();
        }
    }

    /// <summary>A successor that makes no sense is none: another is made.</summary>
    private static X509Certificate2? TryRead(string certificate, string key)
    {
        try
        {
            return X509Certificate2.CreateFromPem(certificate, key);
        }
        catch (Exception e) when (e is CryptographicException or ArgumentException)
        {
            return null;
        }
    }
}
