namespace Waggle.Cli;

/// <summary>The surroundings a command reads: environment variables and the well-known paths of the node it runs on.</summary>
public sealed record HostEnvironment(Func<string, string?> Variable)
{
    public static HostEnvironment Current { get; } = new(Environment.GetEnvironmentVariable);

    /// <summary>The agent's local API; it exists only on a node (inside the agent's container, for Kubernetes users).</summary>
    public string AgentSocket { get; init; } = "/var/run/cilium/cilium.sock";

    /// <summary>Mount point of the node's BPF file system.</summary>
    public string BpfRoot { get; init; } = "/sys/fs/bpf";

    /// <summary>Where labs keep their state, one directory for each.</summary>
    public string LabRoot { get; init; } = "/var/lib/waggle/labs";

    /// <summary>Commands that have a node's view and a cluster's view take the node's when this is true.</summary>
    public bool OnNode => File.Exists(AgentSocket) || Directory.Exists(Path.Combine(BpfRoot, "waggle")) && Variable("KUBECONFIG") is null;

    /// <summary>The user's home directory, or the root directory when there is none.</summary>
    public string Home => Variable("HOME") is { Length: > 0 } home ? home : "/";
}
