using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Waggle.Lab.ApiServer;

/// <summary>Makes X.509 certificates with P-256 keys.</summary>
internal static class CertificateMaker
{
    private static readonly Oid s_serverAuth = new("1.3.6.1.5.5.7.3.1");
    private static readonly Oid s_clientAuth = new("1.3.6.1.5.5.7.3.2");

    public static X509Certificate2 Authority(string name)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest(Name(name, []), key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(true, false, 0, true));
        request.CertificateExtensions.Add(new X509KeyUsageExtension(X509KeyUsageFlags.KeyCertSign | X509KeyUsageFlags.DigitalSignature | X509KeyUsageFlags.CrlSign, true));
        request.CertificateExtensions.Add(new X509SubjectKeyIdentifierExtension(request.PublicKey, false));
        return request.CreateSelfSigned(Begin(), DateTimeOffset.UtcNow.AddYears(10));
    }

    public static X509Certificate2 Server(X509Certificate2 authority, string name, IEnumerable<string> hosts)
    {
        var names = new SubjectAlternativeNameBuilder();
        foreach (var host in hosts)
        {
            if (IPAddress.TryParse(host, out var ip))
            {
                names.AddIpAddress(ip);
            }
            else
            {
                names.AddDnsName(host);
            }
        }
        return Sign(authority, Name(name, []), s_serverAuth, names.Build());
    }

    public static X509Certificate2 Client(X509Certificate2 authority, string user, IEnumerable<string> groups) =>
        Sign(authority, Name(user, groups), s_clientAuth, null);

    private static X509Certificate2 Sign(X509Certificate2 authority, X500DistinguishedName subject, Oid usage, X509Extension? names)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest(subject, key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(false, false, 0, true));
        request.CertificateExtensions.Add(new X509KeyUsageExtension(X509KeyUsageFlags.DigitalSignature, true));
        request.CertificateExtensions.Add(new X509EnhancedKeyUsageExtension([usage], false));
        request.CertificateExtensions.Add(X509AuthorityKeyIdentifierExtension.CreateFromCertificate(authority, true, false));
        if (names is not null)
        {
            request.CertificateExtensions.Add(names);
        }
        var until = DateTimeOffset.UtcNow.AddYears(10);
        if (until > authority.NotAfter)
        {
            until = authority.NotAfter;
        }
        using var certificate = request.Create(authority, Begin(), until, RandomNumberGenerator.GetBytes(16));
        return certificate.CopyWithPrivateKey(key);
    }

    private static X500DistinguishedName Name(string common, IEnumerable<string> organizations)
    {
        var builder = new X500DistinguishedNameBuilder();
        foreach (var organization in organizations)
        {
            builder.AddOrganizationName(organization);
        }
        builder.AddCommonName(common);
        return builder.Build();
    }

    // A little in the past, so that a clock set back after start does not refuse everything.
    private static DateTimeOffset Begin() => DateTimeOffset.UtcNow.AddHours(-1);
}
