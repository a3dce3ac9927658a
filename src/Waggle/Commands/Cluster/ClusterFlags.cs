using Waggle.Cli;
using Waggle.Kube.Client;
using Waggle.Kube.Config;

namespace Waggle.Commands.Cluster;

/// <summary>The flags that say which cluster a command means, and the way in.</summary>
internal sealed class ClusterFlags
{
    private const string Heading = "Cluster flags";

    public Flag<string?> Kubeconfig { get; } = new("--kubeconfig", "kubeconfig file (default: KUBECONFIG, the pod's service account, ~/.kube/config, the only lab)") { Group = Heading, HelpName = "FILE" };

    public Flag<string?> Context { get; } = new("--context", "context of the kubeconfig") { Group = Heading, HelpName = "NAME" };

    public Flag<string> Namespace { get; } = new("--namespace", "namespace of the installation", "-n") { Group = Heading, HelpName = "NAME", Default = "kube-system" };

    public IReadOnlyList<IFlag> All => [Kubeconfig, Context, Namespace];

    /// <summary>On a node, unless a cluster was named: the node's own view is meant.</summary>
    public bool PrefersNode(Call call) => call.Environment.OnNode && !call.Has(Kubeconfig) && !call.Has(Context);

    /// <exception cref="CliException">No usable configuration.</exception>
    public KubeClient Open(Call call) => Open(call.Environment, call.Get(Kubeconfig), call.Get(Context));

    /// <summary>The same for commands whose flags have other names.</summary>
    /// <exception cref="CliException">No usable configuration.</exception>
    public static KubeClient Open(HostEnvironment environment, string? kubeconfig, string? context)
    {
        // A person waits: better a quick answer than a patient one.
        var options = new KubeClientOptions { UserAgent = "waggle-cli", FieldManager = "waggle-cli", Retries = 2, RequestTimeout = TimeSpan.FromSeconds(15) };
        return new KubeClient(Load(environment, kubeconfig, context), options);
    }

    private static KubeConfig Load(HostEnvironment environment, string? kubeconfig, string? context)
    {
        try
        {
            return KubeConfig.Load(kubeconfig, context);
        }
        catch (KubeConfigException) when (kubeconfig is null && context is null && environment.Variable("KUBECONFIG") is null && OnlyLab(environment) is { } file)
        {
            return KubeConfig.FromFile(file);
        }
    }

    private static string? OnlyLab(HostEnvironment environment)
    {
        if (!Directory.Exists(environment.LabRoot))
        {
            return null;
        }

        var files = Directory.EnumerateDirectories(environment.LabRoot).Select(lab => Path.Combine(lab, "kubeconfig")).Where(File.Exists).Take(2).ToList();
        return files is [var file] ? file : null;
    }
}
