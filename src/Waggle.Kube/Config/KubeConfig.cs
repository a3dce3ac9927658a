using System.Security.Cryptography.X509Certificates;

namespace Waggle.Kube.Config;

/// <summary>How to reach and authenticate to one API server.</summary>
public sealed class KubeConfig
{
    /// <summary>Base address, e.g. <c>https://127.0.0.1:6443</c>; may carry a path prefix.</summary>
    public required Uri Server { get; init; }

    /// <summary>Certificates that may sign the server's; null uses the machine's trust store.</summary>
    public X509Certificate2Collection? CertificateAuthorities { get; init; }

    /// <summary>Client certificate with its key; null for none.</summary>
    public X509Certificate2? ClientCertificate { get; init; }

    /// <summary>Bearer token; null for none. Never logged.</summary>
    public ITokenSource? Token { get; init; }

    /// <summary>Name expected in the server's certificate when it differs from the address.</summary>
    public string? TlsServerName { get; init; }

    /// <summary>Do not check the server's certificate. Only for a user who asked for it in the kubeconfig.</summary>
    public bool InsecureSkipTlsVerify { get; init; }

    /// <summary>Namespace of the context or of the pod; <c>default</c> when none is said.</summary>
    public string Namespace { get; init; } = "default";

    /// <summary>The kubeconfig context it came from; null in a cluster.</summary>
    public string? Context { get; init; }

    /// <summary>True when running in a pod with a mounted service account.</summary>
    public static bool IsInCluster => InClusterConfig.IsPresent(InClusterConfig.DefaultRoot, Environment.GetEnvironmentVariable);

    /// <summary>The pod's own service account.</summary>
    /// <exception cref="KubeConfigException">Not in a pod, or the mounted files are unusable.</exception>
    public static KubeConfig InCluster(TimeProvider? time = null) =>
        InClusterConfig.Load(InClusterConfig.DefaultRoot, Environment.GetEnvironmentVariable, time ?? TimeProvider.System);

    /// <summary>Reads one kubeconfig file.</summary>
    /// <param name="path">The file.</param>
    /// <param name="context">The context; null takes <c>current-context</c>.</param>
    /// <exception cref="KubeConfigException">Missing or unusable file, context, cluster or user.</exception>
    public static KubeConfig FromFile(string path, string? context = null) => KubeConfigFile.Load([path]).Resolve(context);

    /// <summary>
    /// As kubectl does: an explicit path, else the files of <c>KUBECONFIG</c>, else the pod's service account,
    /// else <c>~/.kube/config</c>.
    /// </summary>
    /// <exception cref="KubeConfigException">Nothing usable was found; the message lists the places.</exception>
    public static KubeConfig Load(string? explicitPath = null, string? context = null)
    {
        if (explicitPath is not null)
        {
            return FromFile(explicitPath, context);
        }

        var fromEnvironment = Environment.GetEnvironmentVariable("KUBECONFIG");
        if (!string.IsNullOrEmpty(fromEnvironment))
        {
            return KubeConfigFile.Load(fromEnvironment.Split(Path.PathSeparator, StringSplitOptions.RemoveEmptyEntries)).Resolve(context);
        }

        if (context is null && IsInCluster)
        {
            return InCluster();
        }

        var home = Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), ".kube", "config");
        return File.Exists(home)
            ? FromFile(home, context)
            : throw new KubeConfigException($"No Kubernetes configuration: KUBECONFIG is not set, this is not a pod with a service account, and {home} does not exist. Set KUBECONFIG or pass --kubeconfig.");
    }
}

/// <summary>The configuration of the Kubernetes client cannot be used.</summary>
public sealed class KubeConfigException(string message, Exception? inner = null) : Exception(message, inner);
