using Waggle.Hosting;

namespace Waggle.Operator;

/// <summary>How an operator is started.</summary>
public sealed record OperatorArguments
{
    /// <summary>Directory with one file per configuration key (a mounted ConfigMap).</summary>
    public string ConfigDirectory { get; init; } = "/tmp/cilium/config-map";

    /// <summary>Namespace of the election's Lease; default: environment <c>CILIUM_K8S_NAMESPACE</c>.</summary>
    public string Namespace { get; init; } = Environment.GetEnvironmentVariable("CILIUM_K8S_NAMESPACE") is { Length: > 0 } ns ? ns : "kube-system";

    /// <summary>Kubeconfig; null: the service account of the pod.</summary>
    public string? Kubeconfig { get; init; }

    /// <summary>Address of <c>/healthz</c>.</summary>
    public string HealthAddress { get; init; } = "127.0.0.1:9234";

    /// <summary>Reads <c>--config-dir</c>, <c>--namespace</c>, <c>--k8s-kubeconfig-path</c> and <c>--operator-api-serve-addr</c>.</summary>
    /// <exception cref="ArgumentException">An argument is unknown or lacks its value.</exception>
    public static OperatorArguments Parse(IReadOnlyList<string> arguments) => RoleOptions.Parse(arguments, new OperatorArguments(),
        ("--config-dir", (a, value) => a with { ConfigDirectory = value }),
        ("--namespace", (a, value) => a with { Namespace = value }),
        ("--k8s-kubeconfig-path", (a, value) => a with { Kubeconfig = value }),
        ("--operator-api-serve-addr", (a, value) => a with { HealthAddress = value }));
}
