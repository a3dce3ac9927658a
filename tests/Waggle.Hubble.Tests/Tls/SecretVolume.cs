using System.Security.Cryptography.X509Certificates;
using Microsoft.Extensions.Logging.Abstractions;
using Waggle.Hubble.Rpc.Tls;
using Waggle.Linux;
using Waggle.Tests.Shared;

namespace Waggle.Hubble.Tests.Tls;

/// <summary>A mounted Secret, whose files change as kubelet changes them: all at once, behind the link <c>..data</c>.</summary>
internal sealed class SecretVolume : IDisposable
{
    private readonly string _directory = Directory.CreateTempSubdirectory("wgt-secret-").FullName;
    private int _version;

    /// <summary>Readers of it.</summary>
    public CertificateFiles Files(TimeProvider time) =>
        new(Path.Combine(_directory, "tls.crt"), Path.Combine(_directory, "tls.key"), [Path.Combine(_directory, "ca.crt")], time, NullLogger<CertificateFiles>.Instance);

    public void Write(X509Certificate2 certificate, string authorities, X509Certificate2? intermediate = null)
    {
        var version = $"..{++_version}";
        var data = Directory.CreateDirectory(Path.Combine(_directory, version)).FullName;
        File.WriteAllText(Path.Combine(data, "tls.crt"), certificate.ExportCertificatePem() + "\n" + intermediate?.ExportCertificatePem());
        File.WriteAllText(Path.Combine(data, "tls.key"), TestPki.KeyPem(certificate));
        File.WriteAllText(Path.Combine(data, "ca.crt"), authorities);
        var (link, next) = (Path.Combine(_directory, "..data"), Path.Combine(_directory, "..data_tmp"));
        File.CreateSymbolicLink(next, version);
        FileNames.Rename(next, link);
        foreach (var name in new[] { "tls.crt", "tls.key", "ca.crt" }.Where(n => !Path.Exists(Path.Combine(_directory, n))))
        {
            File.CreateSymbolicLink(Path.Combine(_directory, name), $"..data/{name}");
        }

        if (_version > 1)
        {
            Directory.Delete(Path.Combine(_directory, $"..{_version - 1}"), recursive: true);
        }
    }

    public void Dispose() => Directory.Delete(_directory, recursive: true);
}
