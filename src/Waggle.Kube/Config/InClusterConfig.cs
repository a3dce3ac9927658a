using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Waggle.Kube.Config;

/// <summary>The configuration that every pod with a service account finds in its environment.</summary>
internal static class InClusterConfig
{
    internal const string DefaultRoot = "/var/run/secrets/kubernetes.io/serviceaccount";

    internal static bool IsPresent(string root, Func<string, string?> environment) =>
        !string.IsNullOrEmpty(environment("KUBERNETES_SERVICE_HOST")) && File.Exists(Path.Combine(root, "token"));

    internal static KubeConfig Load(string root, Func<string, string?> environment, TimeProvider time)
    {
        var host = environment("KUBERNETES_SERVICE_HOST");
        var port = environment("KUBERNETES_SERVICE_PORT");
        if (string.IsNullOrEmpty(host) || string.IsNullOrEmpty(port))
        {
            throw new KubeConfigException("KUBERNETES_SERVICE_HOST and KUBERNETES_SERVICE_PORT are not set: this process does not run in a pod.");
        }

        var authority = host.Contains(':', StringComparison.Ordinal) ? $"[{host}]" : host;
        if (!Uri.TryCreate($"https://{authority}:{port}", UriKind.Absolute, out var server))
        {
            throw new KubeConfigException($"KUBERNETES_SERVICE_HOST '{host}' and KUBERNETES_SERVICE_PORT '{port}' make no address.");
        }

        var token = new FileToken(Path.Combine(root, "token"), time);
        token.Current();
        var authorities = new X509Certificate2Collection();
        var caFile = Path.Combine(root, "ca.crt");
        try
        {
            authorities.ImportFromPemFile(caFile);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or CryptographicException)
        {
            throw new KubeConfigException($"Cannot read the certificate authority {caFile}: {e.Message}", e);
        }

        var namespaceFile = Path.Combine(root, "namespace");
        return new KubeConfig
        {
            Server = server,
            Token = token,
            CertificateAuthorities = authorities,
            Namespace = File.Exists(namespaceFile) ? File.ReadAllText(namespaceFile).Trim() : "default",
        };
    }
}
