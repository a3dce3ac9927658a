using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Waggle.Tests.Shared;

/// <summary>An authority for tests, and what it signs.</summary>
internal sealed class TestPki : IDisposable
{
    private readonly DateTimeOffset _from;
    private readonly DateTimeOffset _to;

    /// <summary>One that is good for the hours of a test.</summary>
    public TestPki(string name = "Cilium CA")
        : this(DateTimeOffset.UtcNow.AddHours(-1), DateTimeOffset.UtcNow.AddHours(5), name: name)
    {
    }

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

    /// <summary>Signs one for a DNS name or an address, with its key.</summary>
    public X509Certificate2 Issue(string name, DateTimeOffset? from = null, DateTimeOffset? to = null, string? purpose = null, string? fetchFrom = null)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest($"CN={name}", key, HashAlgorithmName.SHA256);
        var names = new SubjectAlternativeNameBuilder();
        if (IPAddress.TryParse(name, out var address))
        {
            names.AddIpAddress(address);
        }
        else
        {
            names.AddDnsName(name);
        }

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

    /// <summary>Signs one into files, which are replaced; returns its thumbprint.</summary>
    public string Write(string certificatePath, string keyPath, string name)
    {
        using var certificate = Issue(name);
        // The key first: a reader between the two sees a pair that does not fit, and keeps what it has.
        File.WriteAllText(keyPath, KeyPem(certificate));
        File.WriteAllText(certificatePath, certificate.ExportCertificatePem());
        return certificate.Thumbprint;
    }

    public static string KeyPem(X509Certificate2 certificate)
    {
        using var key = certificate.GetECDsaPrivateKey()!;
        return key.ExportPkcs8PrivateKeyPem();
    }

    public void Dispose() => Authority.Dispose();
}
