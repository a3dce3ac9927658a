using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Waggle.Agent.Tests.HubbleOutlets;

/// <summary>An authority and what it signs, as PEM files.</summary>
internal sealed class TestAuthority : IDisposable
{
    private readonly ECDsa _key = ECDsa.Create(ECCurve.NamedCurves.nistP256);

    public TestAuthority(string name = "test authority")
    {
        var request = new CertificateRequest($"CN={name}", _key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(true, false, 0, true));
        Certificate = request.CreateSelfSigned(DateTimeOffset.UtcNow.AddHours(-1), DateTimeOffset.UtcNow.AddHours(2));
    }

    public X509Certificate2 Certificate { get; }

    /// <summary>A certificate for a DNS name, with its key.</summary>
    public X509Certificate2 Issue(string dns)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest($"CN={dns}", key, HashAlgorithmName.SHA256);
        var names = new SubjectAlternativeNameBuilder();
        names.AddDnsName(dns);
        request.CertificateExtensions.Add(names.Build());
        using X509Certificate2 certificate = request.Create(Certificate, DateTimeOffset.UtcNow.AddMinutes(-30), DateTimeOffset.UtcNow.AddHours(1), RandomNumberGenerator.GetBytes(8));
        return certificate.CopyWithPrivateKey(key);
    }

    /// <summary>Issues one into files, which are replaced; returns its thumbprint.</summary>
    public string Write(string certificatePath, string keyPath, string dns)
    {
        using X509Certificate2 certificate = Issue(dns);
        using ECDsa key = certificate.GetECDsaPrivateKey()!;
        // The key first: a reader between the two sees a pair that does not fit, and keeps what it has.
        File.WriteAllText(keyPath, key.ExportPkcs8PrivateKeyPem());
        File.WriteAllText(certificatePath, certificate.ExportCertificatePem());
        return certificate.Thumbprint;
    }

    public void Dispose()
    {
        Certificate.Dispose();
        _key.Dispose();
    }
}
