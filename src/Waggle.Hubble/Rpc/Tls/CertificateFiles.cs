using System.Net.Security;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Microsoft.Extensions.Logging;

namespace Waggle.Hubble.Rpc.Tls;

/// <summary>
/// A certificate, its key and the authorities to trust, from PEM files that may be replaced at any time (a mounted Secret): looked at
/// again for new connections, at most once a second. Files that make no sense leave what held before.
/// </summary>
public sealed partial class CertificateFiles(string? certificatePath, string? keyPath, IReadOnlyList<string> authorityPaths, TimeProvider time, ILogger<CertificateFiles> logger)
{
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(1);
    private readonly Lock _lock = new();
    private CertificateSet _current = CertificateSet.Empty;
    private string _text = "";
    private long? _looked;

    /// <summary>The clock.</summary>
    internal TimeProvider Time => time;

    /// <summary>What holds now. The certificate is null while there is no usable one.</summary>
    public CertificateSet Current
    {
        get
        {
            lock (_lock)
            {
                if (_looked is not { } looked || time.GetElapsedTime(looked) >= Interval)
                {
                    _looked = time.GetTimestamp();
                    Look();
                }

                return _current;
            }
        }
    }

    private void Look()
    {
        string text;
        try
        {
            var (certificate, key) = (Read(certificatePath), Read(keyPath));
            var authorities = string.Join('\n', authorityPaths.Select(Read));
            text = $"{certificate}\0{key}\0{authorities}";
            if (text == _text)
            {
                return;
            }

            _current = Load(certificate, key, authorities);
            LogLoaded(_current.Certificate?.Subject ?? "none", _current.Certificate?.NotAfter ?? default, _current.Authorities.Count);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or CryptographicException or ArgumentException)
        {
            LogUnusable(certificatePath ?? "", keyPath ?? "", e.Message);
            return;
        }

        _text = text;
    }

    private static string Read(string? path) => path is { Length: > 0 } ? File.ReadAllText(path) : "";

    private static CertificateSet Load(string certificate, string key, string authorities)
    {
        var trusted = new X509Certificate2Collection();
        if (authorities.Length > 0)
        {
            trusted.ImportFromPem(authorities);
        }

        if (certificate.Length == 0)
        {
            return new CertificateSet(null, [], trusted);
        }

        var chain = new X509Certificate2Collection();
        chain.ImportFromPem(certificate);
        var leaf = X509Certificate2.CreateFromPem(certificate, key);
        chain.RemoveAt(0);
        return new CertificateSet(leaf, chain, trusted);
    }

    [LoggerMessage(7021, LogLevel.Information, "TLS certificate {Subject} (until {NotAfter}) loaded, {Authorities} authorities")]
    private partial void LogLoaded(string subject, DateTime notAfter, int authorities);

    [LoggerMessage(7022, LogLevel.Warning, "TLS files {Certificate} and {Key} cannot be used, what held before goes on: {Problem}")]
    private partial void LogUnusable(string certificate, string key, string problem);
}

/// <summary>Certificates that belong together.</summary>
/// <param name="Certificate">With its private key, or null.</param>
/// <param name="Intermediates">Sent after it.</param>
/// <param name="Authorities">To trust.</param>
public sealed record CertificateSet(X509Certificate2? Certificate, X509Certificate2Collection Intermediates, X509Certificate2Collection Authorities)
{
    /// <summary>The same for a server, made once.</summary>
    internal SslStreamCertificateContext? Context { get; } = Certificate is null ? null : SslStreamCertificateContext.Create(Certificate, Intermediates, offline: true);

    internal static CertificateSet Empty { get; } = new(null, [], []);
}
