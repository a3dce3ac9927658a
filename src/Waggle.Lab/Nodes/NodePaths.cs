namespace Waggle.Lab.Nodes;

/// <summary>Where the files of one node lie on the machine, and where the node sees them.</summary>
/// <param name="Runtime">The node's directory on the lab's tmpfs.</param>
/// <param name="Logs">The node's directory of container logs, on disk.</param>
internal sealed record NodePaths(string Runtime, string Logs)
{
    public const string PodsInNode = "/var/lib/kubelet/pods";

    public const string LogsInNode = "/var/log/pods";

    public const string CniConfigurationInNode = "/etc/cni/net.d";

    public const string CniPluginsInNode = "/opt/cni/bin";

    /// <summary>Where nodes and containers see Waggle's program and its command names.</summary>
    public const string WaggleInNode = "/opt/waggle";

    public string Socket => Path.Combine(Runtime, "s");

    /// <summary>The node's own changes to the file system.</summary>
    public string FileSystem => Path.Combine(Runtime, "fs");

    public string Containers => Path.Combine(Runtime, "containers");

    public string Pods => Path.Combine(Runtime, "pods");

    public string CniConfiguration => Path.Combine(Runtime, "cni-conf");

    public string CniPlugins => Path.Combine(Runtime, "cni-bin");

    public string CniState => Path.Combine(Runtime, "cni-state");

    /// <summary>hosts, resolv.conf and the like.</summary>
    public string Etc => Path.Combine(Runtime, "etc");

    public string PodDirectory(string uid) => Path.Combine(Pods, uid);

    public string PodLogs(string @namespace, string pod, string uid) => Path.Combine(Logs, $"{@namespace}_{pod}_{uid}");

    public void Create()
    {
        foreach (string directory in (ReadOnlySpan<string>)[FileSystem, Containers, Pods, CniConfiguration, CniPlugins, CniState, Etc, Logs])
            Directory.CreateDirectory(directory);
    }
}
