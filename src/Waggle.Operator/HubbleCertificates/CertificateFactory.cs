using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Waggle.Operator.HubbleCertificates;

/// <summary>Certificates of one small authority: ECDSA on P-256, serial numbers at random.</summary>
internal static class CertificateFactory
{
    private static readonly TimeSpan MaxBackdate = TimeSpan.FromHours(1); // clocks of nodes differ

    /// <summary>A new authority.</summary>
    public static X509Certificate2 Authority(string name, DateTimeOffset now, TimeSpan lifetime)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest($"CN={name}", key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(true, true, 0, true));
        request.CertificateExtensions.Add(new X509KeyUsageExtension(X509KeyUsageFlags.KeyCertSign | X509KeyUsageFlags.CrlSign | X509KeyUsageFlags.DigitalSignature, true));
        request.CertificateExtensions.Add(new X509SubjectKeyIdentifierExtension(request.PublicKey, false));
        return request.CreateSelfSigned(now - Backdate(lifetime), now + lifetime);
    }

    /// <summary>A certificate for these names, of this authority (with its key, ECDSA or RSA), for servers and clients.</summary>
    public static X509Certificate2 Leaf(X509Certificate2 authority, string name, DateTimeOffset now, TimeSpan lifetime)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest($"CN={name}", key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(false, false, 0, true));
        request.CertificateExtensions.Add(new X509KeyUsageExtension(X509KeyUsageFlags.DigitalSignature | X509KeyUsageFlags.KeyEncipherment, true));
        request.CertificateExtensions.Add(new X509EnhancedKeyUsageExtension([new Oid("1.3.6.1.5.5.7.3.1"), new Oid("1.3.6.1.5.5.7.3.2")], false));
        request.CertificateExtensions.Add(new X509SubjectKeyIdentifierExtension(request.PublicKey, false));
        if (authority.Extensions.OfType<X509SubjectKeyIdentifierExtension>().FirstOrDefault() is { } id)
        {
            request.CertificateExtensions.Add(X509AuthorityKeyIdentifierExtension.CreateFromSubjectKeyIdentifier(id));
        }

        var names = new SubjectAlternativeNameBuilder();
        names.AddDnsName(name);
        request.CertificateExtensions.Add(names.Build());
        DateTimeOffset until = now + lifetime, last = authority.Ends();
        until = until < last ? until : last;
        if (until <= now)
        {
            throw new CryptographicException($"the authority ended {last:u}");
        }

        // The issuer's key may be of another kind than ours: what people bring is often RSA.
        using ECDsa? ec = authority.GetECDsaPrivateKey();
        using RSA? rsa = ec is null ? authority.GetRSAPrivateKey() : null;
        X509SignatureGenerator signer = ec is not null ? X509SignatureGenerator.CreateForECDsa(ec)
            : rsa is not null ? X509SignatureGenerator.CreateForRSA(rsa, RSASignaturePadding.Pkcs1)
            : throw new CryptographicException("the authority has no private key, or one that is neither ECDSA nor RSA");
        using X509Certificate2 unsigned = request.Create(authority.SubjectName, signer, now - Backdate(lifetime), until, RandomNumberGenerator.GetBytes(16));
        return unsigned.CopyWithPrivateKey(key);
    }

    /// <summary>Whether a certificate names this one as its issuer, by key where both tell, else by name.</summary>
    public static bool IsIssuer(X509Certificate2 authority, X509Certificate2 certificate)
    {
        ReadOnlyMemory<byte>? wanted = certificate.Extensions.OfType<X509AuthorityKeyIdentifierExtension>().FirstOrDefault()?.KeyIdentifier;
        ReadOnlyMemory<byte>? key = authority.Extensions.OfType<X509SubjectKeyIdentifierExtension>().FirstOrDefault()?.SubjectKeyIdentifierBytes;
        return certificate.IssuerName.RawData.AsSpan().SequenceEqual(authority.SubjectName.RawData)
            && (wanted is null || key is null || wanted.Value.Span.SequenceEqual(key.Value.Span));
    }

    private static TimeSpan Backdate(TimeSpan lifetime) => lifetime / 4 < MaxBackdate ? lifetime / 4 : MaxBackdate;
}
