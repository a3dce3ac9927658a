using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Waggle.Hubble.Tests.Tls;

/// <summary>An authority for tests.</summary>
internal sealed class TestPki : IDisposable
{
    private readonly DateTimeOffset _from;
    private readonly DateTimeOffset _to;

    /// <param name="from">When it begins.</param>
    /// <param name="to">When it ends.</param>
    /// <param name="parent">Who signs it; null: itself.</param>
    /// <param name="name">Its name; the operator gives the same one to each.</param>
    public TestPki(DateTimeOffset from, DateTimeOffset to, TestPki? parent = null, string name = "Cilium CA")
    {
        (_from, _to) = (from, to);
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest($"CN={name}", key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(true, false, 0, true));
        request.CertificateExtensions.Add(new X509SubjectKeyIdentifierExtension(request.PublicKey, false));
        if (parent is null)
        {
            Authority = request.CreateSelfSigned(from, to);
            return;
        }

        using var signed = request.Create(parent.Authority, from, to, RandomNumberGenerator.GetBytes(8));
        Authority = signed.CopyWithPrivateKey(key);
    }

    public X509Certificate2 Authority { get; }

    public string Pem => Authority.ExportCertificatePem() + "\n";

    /// <summary>Signs one.</summary>
    public X509Certificate2 Issue(string dns, DateTimeOffset? from = null, DateTimeOffset? to = null, string? purpose = null, string? fetchFrom = null)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest($"CN={dns}", key, HashAlgorithmName.SHA256);
        var names = new SubjectAlternativeNameBuilder();
        names.AddDnsName(dns);
        request.CertificateExtensions.Add(names.Build());
        request.CertificateExtensions.Add(X509AuthorityKeyIdentifierExtension.CreateFromCertificate(Authority, true, false));
        if (purpose is not null)
        {
            request.CertificateExtensions.Add(new X509EnhancedKeyUsageExtension([new Oid(purpose)], false));
        }

        if (fetchFrom is not null)
        {
            request.CertificateExtensions.Add(new X509AuthorityInformationAccessExtension(null, [fetchFrom]));
        }

        using var certificate = request.Create(Authority, from ?? _from, to ?? _to, RandomNumberGenerator.GetBytes(8));
        return certificate.CopyWithPrivateKey(key);
    }

    public static string KeyPem(X509Certificate2 certificate)
    {
        using var key = certificate.GetECDsaPrivateKey()!;
        return key.ExportPkcs8PrivateKeyPem();
    }

    public void Dispose() => Authority.Dispose();
}
