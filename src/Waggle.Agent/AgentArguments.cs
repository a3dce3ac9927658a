using Waggle.Hosting;

namespace Waggle.Agent;

/// <summary>How an agent is started.</summary>
public sealed record AgentArguments
{
    /// <summary>Directory with one file per configuration key (a mounted ConfigMap).</summary>
    public string ConfigDirectory { get; init; } = "/tmp/cilium/config-map";

    /// <summary>Name of the Node object of this machine; default: environment <c>K8S_NODE_NAME</c>, then the host name.</summary>
    public string NodeName { get; init; } = Environment.GetEnvironmentVariable("K8S_NODE_NAME") is { Length: > 0 } name ? name : Environment.MachineName;

    /// <summary>Namespace of the agent's own objects; default: environment <c>CILIUM_K8S_NAMESPACE</c>.</summary>
    public string Namespace { get; init; } = Environment.GetEnvironmentVariable("CILIUM_K8S_NAMESPACE") is { Length: > 0 } ns ? ns : "kube-system";

    /// <summary>Kubeconfig; null: the service account of the pod.</summary>
    public string? Kubeconfig { get; init; }

    /// <summary>Only copy the CNI plugin to this directory and end (the init container).</summary>
    public string? InstallCniDirectory { get; init; }

    /// <summary>Reads <c>--config-dir</c>, <c>--node-name</c>, <c>--namespace</c>, <c>--k8s-kubeconfig-path</c> and <c>--install-cni</c>.</summary>
    /// <exception cref="ArgumentException">An argument is unknown or lacks its value.</exception>
    public static AgentArguments Parse(IReadOnlyList<string> arguments) => RoleOptions.Parse(arguments, new AgentArguments(),
        ("--config-dir", (a, value) => a with { ConfigDirectory = value }),
        ("--node-name", (a, value) => a with { NodeName = value }),
        ("--namespace", (a, value) => a with { Namespace = value }),
        ("--k8s-kubeconfig-path", (a, value) => a with { Kubeconfig = value }),
        ("--install-cni", (a, value) => a with { InstallCniDirectory = value }));
}
