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
    public static OperatorArguments Parse(IReadOnlyList<string> arguments)
    {
        var result = new OperatorArguments();
        for (int i = 0; i < arguments.Count; i++)
        {
            string name = arguments[i], value;
            int equals = name.IndexOf('=', StringComparison.Ordinal);
            if (equals > 0)
            {
                (name, value) = (name[..equals], name[(equals + 1)..]);
            }
            else
            {
                value = ++i < arguments.Count ? arguments[i] : throw new ArgumentException($"{name} needs a value");
            }

            result = name switch
            {
                "--config-dir" => result with { ConfigDirectory = value },
                "--namespace" => result with { Namespace = value },
                "--k8s-kubeconfig-path" => result with { Kubeconfig = value },
                "--operator-api-serve-addr" => result with { HealthAddress = value },
                _ => throw new ArgumentException($"unknown argument {name}; known: --config-dir, --namespace, --k8s-kubeconfig-path, --operator-api-serve-addr"),
            };
        }

        return result;
    }
}
