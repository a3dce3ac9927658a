using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using Microsoft.Extensions.Logging;
using Waggle.Kube.Client;
using Waggle.Kube.Resources;

namespace Waggle.Operator.HubbleCertificates;

/// <summary>
/// Makes the certificates with which agents and relay know each other, and new ones before they end: Secrets <c>cilium-ca</c>,
/// <c>hubble-server-certs</c>, <c>hubble-relay-client-certs</c>. A Secret that somebody else brought is used, and renewed only if it is of
/// our authority.
/// </summary>
public sealed partial class HubbleCertificatesFeature(OperatorContext context) : IOperatorFeature
{
    private const string CaSecret = "cilium-ca", ServerSecret = "hubble-server-certs", RelaySecret = "hubble-relay-client-certs";
    private static readonly TimeSpan CaLifetime = TimeSpan.FromDays(3 * 365), LeafLifetime = TimeSpan.FromDays(365), Interval = TimeSpan.FromHours(1);
    private readonly ILogger _logger = context.Logs.CreateLogger<HubbleCertificatesFeature>();

    public async Task RunAsync(CancellationToken cancellation)
    {
        if (!context.Config.Flag("enable-hubble") || context.Config.Flag("hubble-disable-tls"))
        {
            return;
        }

        while (true)
        {
            TimeSpan again = Interval;
            try
            {
                await EnsureAsync(cancellation).ConfigureAwait(false);
            }
            catch (Exception e) when (e is KubeApiException or CryptographicException or FormatException or HttpRequestException)
            {
                LogFailed(e.Message);
                again = TimeSpan.FromSeconds(10);
            }

            await Task.Delay(again, context.Time, cancellation).ConfigureAwait(false);
        }
    }

    private async Task EnsureAsync(CancellationToken cancellation)
    {
        string cluster = context.Config["cluster-name"].Replace('.', '-');
        using X509Certificate2 ca = await AuthorityAsync(cancellation).ConfigureAwait(false);
        await LeafAsync(ca, ServerSecret, "*." + cluster + ".hubble-grpc.cilium.io", ["*." + cluster + ".hubble-grpc.cilium.io"], cancellation).ConfigureAwait(false);
        await LeafAsync(ca, RelaySecret, "*.hubble-relay.cilium.io", ["*.hubble-relay.cilium.io"], cancellation).ConfigureAwait(false);
    }

    private async Task<X509Certificate2> AuthorityAsync(CancellationToken cancellation)
    {
        Secret? present = await context.Client.TryGetAsync(KubeTypes.Secrets, context.Namespace, CaSecret, cancellation).ConfigureAwait(false);
        if (present is not null)
        {
            return Read(present, "ca.crt", "ca.key");
        }

        X509Certificate2 made = CertificateFactory.Authority("Cilium CA", context.Time.GetUtcNow(), CaLifetime);
        await WriteAsync(null, CaSecret, "Opaque", new Dictionary<string, string> { ["ca.crt"] = made.ExportCertificatePem(), ["ca.key"] = Key(made) }, cancellation).ConfigureAwait(false);
        return made;
    }

    private async Task LeafAsync(X509Certificate2 ca, string name, string subject, IReadOnlyList<string> dnsNames, CancellationToken cancellation)
    {
        Secret? present = await context.Client.TryGetAsync(KubeTypes.Secrets, context.Namespace, name, cancellation).ConfigureAwait(false);
        if (present is not null && !NeedsRenewal(present, ca, dnsNames))
        {
            return;
        }

        using X509Certificate2 made = CertificateFactory.Leaf(ca, subject, dnsNames, context.Time.GetUtcNow(), LeafLifetime);
        var data = new Dictionary<string, string> { ["ca.crt"] = ca.ExportCertificatePem(), ["tls.crt"] = made.ExportCertificatePem(), ["tls.key"] = Key(made) };
        await WriteAsync(present, name, "kubernetes.io/tls", data, cancellation).ConfigureAwait(false);
        LogMade(name, made.NotAfter);
    }

    /// <summary>In the last third of its life, or for other names, or of an authority of ours that was replaced.</summary>
    private bool NeedsRenewal(Secret secret, X509Certificate2 ca, IReadOnlyList<string> dnsNames)
    {
        try
        {
            using X509Certificate2 leaf = Read(secret, "tls.crt", "tls.key");
            if (leaf.Issuer != ca.Subject)
            {
                return false; // brought by somebody else, who also renews it
            }

            using X509Certificate2 trusted = X509Certificate2.CreateFromPem(Text(secret, "ca.crt"));
            DateTimeOffset now = context.Time.GetUtcNow(), from = leaf.NotBefore.ToUniversalTime(), to = leaf.NotAfter.ToUniversalTime();
            string[] has = [.. leaf.Extensions.OfType<X509SubjectAlternativeNameExtension>().SelectMany(e => e.EnumerateDnsNames())];
            return trusted.Thumbprint != ca.Thumbprint || to - now < (to - from) / 3 || dnsNames.Except(has).Any();
        }
        catch (Exception e) when (e is CryptographicException or FormatException or ArgumentException)
        {
            LogUnreadable(secret.Metadata.Name ?? "", e.Message);
            return true;
        }
    }

    private async Task WriteAsync(Secret? present, string name, string type, Dictionary<string, string> data, CancellationToken cancellation)
    {
        var encoded = data.ToDictionary(d => d.Key, d => Convert.ToBase64String(Encoding.UTF8.GetBytes(d.Value)));
        if (present is not null)
        {
            await context.Client.UpdateAsync(KubeTypes.Secrets, present with { Data = encoded }, cancellation: cancellation).ConfigureAwait(false);
            return;
        }

        var secret = new Secret
        {
            Metadata = new ObjectMeta { Namespace = context.Namespace, Name = name, Labels = new Dictionary<string, string> { ["app.kubernetes.io/part-of"] = "cilium" } }, Type = type, Data = encoded,
        };
        await context.Client.CreateAsync(KubeTypes.Secrets, secret, cancellation: cancellation).ConfigureAwait(false);
    }

    private static X509Certificate2 Read(Secret secret, string certificate, string key) => X509Certificate2.CreateFromPem(Text(secret, certificate), Text(secret, key));

    private static string Text(Secret secret, string key) =>
        secret.Data.TryGetValue(key, out string? value) ? Encoding.UTF8.GetString(Convert.FromBase64String(value)) : throw new FormatException($"Secret {secret.Metadata.Name} has no {key}");

    private static string Key(X509Certificate2 certificate)
    {
        using ECDsa key = certificate.GetECDsaPrivateKey()!;
        return key.ExportPkcs8PrivateKeyPem();
    }

    [LoggerMessage(2091, LogLevel.Information, "certificate in Secret {Name} made, good until {NotAfter}")]
    private partial void LogMade(string name, DateTime notAfter);

    [LoggerMessage(2092, LogLevel.Warning, "Secret {Name} makes no sense and is made anew: {Problem}")]
    private partial void LogUnreadable(string name, string problem);

    [LoggerMessage(2093, LogLevel.Warning, "Hubble's certificates cannot be made, trying again: {Problem}")]
    private partial void LogFailed(string problem);
}
