using System.Security.Cryptography;
using Microsoft.Extensions.Logging;
using Waggle.Hosting.Metrics;
using Waggle.Kube.Client;
using Waggle.Kube.Resources;

namespace Waggle.Operator.HubbleCertificates;

/// <summary>
/// Makes the certificates with which agents and relay know each other, and new ones before they end: Secrets <c>cilium-ca</c>,
/// <c>hubble-server-certs</c>, <c>hubble-relay-client-certs</c>. What somebody else brought is used and left alone.
/// </summary>
public sealed partial class HubbleCertificatesFeature(OperatorContext context) : IOperatorFeature, IMetricsSource
{
    private static readonly TimeSpan Shortest = TimeSpan.FromSeconds(1), AfterFailure = TimeSpan.FromSeconds(10);
    private readonly ILogger _logger = context.Logs.CreateLogger<HubbleCertificatesFeature>();
    private volatile IReadOnlyList<CertificateEnd> _ends = [];
    private long _failures;

    public async Task RunAsync(CancellationToken cancellation)
    {
        if (!context.Config.Flag("enable-hubble") || context.Config.Flag("hubble-disable-tls"))
        {
            return;
        }

        var pass = new CertificatePass(new ClusterSecretStore(context.Client, context.Namespace), CertificateOptions.From(context.Config), context.Time, _logger);
        while (true)
        {
            TimeSpan again = AfterFailure;
            try
            {
                PassReport report = await pass.RunAsync(cancellation).ConfigureAwait(false);
                _ends = report.Ends;
                again = report.Next - context.Time.GetUtcNow();
                await WarnAsync(report.Warning, cancellation).ConfigureAwait(false);
            }
            catch (Exception e) when (e is KubeApiException or CryptographicException or FormatException or ArgumentException or HttpRequestException)
            {
                Interlocked.Increment(ref _failures);
                LogFailed(e.Message);
            }

            await Task.Delay(again > Shortest ? again : Shortest, context.Time, cancellation).ConfigureAwait(false);
        }
    }

    public void Write(MetricsWriter writer)
    {
        writer.Family("cilium_operator_hubble_certificate_expiration_timestamp_seconds", "gauge", "When certificates in Secrets end, seconds since 1970.");
        foreach (CertificateEnd end in _ends)
        {
            writer.Sample(end.NotAfter.ToUnixTimeSeconds(), ("secret", end.Secret), ("key", end.Key));
        }

        writer.Family("cilium_operator_hubble_certificate_failures_total", "counter", "Times that Hubble's certificates could not be looked after.").Sample(Interlocked.Read(ref _failures));
    }

    private async Task WarnAsync(string? warning, CancellationToken cancellation)
    {
        if (warning is null)
        {
            return;
        }

        LogWarning(warning);
        var about = new ObjectReference { ApiVersion = "v1", Kind = "Secret", Namespace = context.Namespace, Name = AuthoritySecret.Name };
        await context.Events.WarningAsync(about, "AuthorityEndsSoon", warning, cancellation).ConfigureAwait(false);
    }

    [LoggerMessage(2093, LogLevel.Warning, "Hubble's certificates cannot be made, trying again: {Problem}")]
    private partial void LogFailed(string problem);

    [LoggerMessage(2098, LogLevel.Warning, "{Warning}")]
    private partial void LogWarning(string warning);
}
