using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Waggle.Operator.HubbleCertificates;

/// <summary>Certificates of one small authority: ECDSA on P-256, serial numbers at random.</summary>
internal static class CertificateFactory
{
    private static readonly TimeSpan Backdate = TimeSpan.FromHours(1); // clocks of nodes differ

    /// <summary>A new authority.</summary>
    public static X509Certificate2 Authority(string name, DateTimeOffset now, TimeSpan lifetime)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest($"CN={name}", key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(true, true, 0, true));
        request.CertificateExtensions.Add(new X509KeyUsageExtension(X509KeyUsageFlags.KeyCertSign | X509KeyUsageFlags.CrlSign | X509KeyUsageFlags.DigitalSignature, true));
        request.CertificateExtensions.Add(new X509SubjectKeyIdentifierExtension(request.PublicKey, false));
        return request.CreateSelfSigned(now - Backdate, now + lifetime);
    }

    /// <summary>A certificate for these names, of this authority, for servers and clients.</summary>
    public static X509Certificate2 Leaf(X509Certificate2 authority, string name, IEnumerable<string> dnsNames, DateTimeOffset now, TimeSpan lifetime)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest($"CN={name}", key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(false, false, 0, true));
        request.CertificateExtensions.Add(new X509KeyUsageExtension(X509KeyUsageFlags.DigitalSignature | X509KeyUsageFlags.KeyEncipherment, true));
        request.CertificateExtensions.Add(new X509EnhancedKeyUsageExtension([new Oid("1.3.6.1.5.5.7.3.1"), new Oid("1.3.6.1.5.5.7.3.2")], false));
        request.CertificateExtensions.Add(X509AuthorityKeyIdentifierExtension.CreateFromCertificate(authority, true, false));
        var names = new SubjectAlternativeNameBuilder();
        foreach (string dns in dnsNames)
        {
            names.AddDnsName(dns);
        }

        request.CertificateExtensions.Add(names.Build());
        DateTimeOffset until = now + lifetime, last = authority.NotAfter.ToUniversalTime();
        using X509Certificate2 unsigned = request.Create(authority, now - Backdate, until < last ? until : last, RandomNumberGenerator.GetBytes(16));
        return unsigned.CopyWithPrivateKey(key);
    }
}
