using System.Diagnostics;
using System.Globalization;
using System.Text.Json.Nodes;
using Waggle.Kube.Client;
using Waggle.Kube.Config;
using Waggle.Kube.Exec;
using Waggle.Datapath.Loading;
using Waggle.Lab.Cluster;
using Waggle.Linux;

namespace Waggle.Bench.Lab;

/// <summary>A lab of its own name, with the product in it as anybody gets it; taken down in the end.</summary>
internal sealed class BenchLab : IAsyncDisposable
{
    internal const string Namespace = "default";

    /// <summary>Where every container of a lab sees the product's programs.</summary>
    internal const string Programs = "/opt/waggle/lib";

    /// <summary>A lab runs in a daemon of its own: its name says whose it is, so that what a killed benchmark left can be found.</summary>
    private const string Prefix = "bench-";

    private static readonly TimeSpan PodTimeout = TimeSpan.FromSeconds(60);
    private readonly LabCluster _labs;
    private readonly int _nodes;

    private BenchLab(LabCluster labs, string name, int nodes, KubeClient client) => (_labs, Name, _nodes, Client) = (labs, name, nodes, client);

    internal string Name { get; }

    internal KubeClient Client { get; }

    /// <summary>Nodes in order: control plane, worker, worker2, ….</summary>
    internal string Node(int number) => number switch { 0 => $"{Name}-control-plane", 1 => $"{Name}-worker", _ => FormattableString.Invariant($"{Name}-worker{number}") };

    /// <summary>The names of all nodes.</summary>
    internal IEnumerable<string> Nodes => Enumerable.Range(0, _nodes).Select(Node);

    /// <summary>Everything that runs on the lab's nodes.</summary>
    internal Cgroup Cgroup => Cgroup.At(LabPaths.OfThisProcess().Cgroup(Name));

    /// <summary>A node's pinned maps, as this machine sees them.</summary>
    internal DatapathPaths PathsOf(string node) => new(Cgroup.Child(node).Child("system").Processes() is [var holder, ..]
        ? string.Create(CultureInfo.InvariantCulture, $"/proc/{holder}/root/sys/fs/bpf")
        : throw new InvalidOperationException($"node {node} does not run"));

    /// <param name="nodes">The control plane included.</param>
    /// <param name="progress">Who is told of the steps.</param>
    /// <param name="cancellation">Ends the waiting.</param>
    /// <param name="number">Of several labs at a time.</param>
    internal static async Task<BenchLab> UpAsync(int nodes, ILabProgress progress, CancellationToken cancellation, int number = 0)
    {
        var labs = new LabCluster();
        var name = FormattableString.Invariant($"{Prefix}{Environment.ProcessId}") + (number == 0 ? "" : FormattableString.Invariant($"-{number}"));
        await RemoveOrphansAsync(labs, name, cancellation).ConfigureAwait(false);
        try
        {
            var info = await labs.UpAsync(new LabOptions { Name = name, Nodes = nodes }, progress, cancellation).ConfigureAwait(false);
            return new BenchLab(labs, name, nodes, new KubeClient(KubeConfig.FromFile(info.Kubeconfig)));
        }
        catch
        {
            await labs.DownAsync(name, NoProgress.Instance, CancellationToken.None).ConfigureAwait(false);
            throw;
        }
    }

    /// <summary>Runs a program of the product in a pod on a node and waits until the pod is Ready.</summary>
    /// <param name="name">The pod's name.</param>
    /// <param name="node">Where it runs.</param>
    /// <param name="command">What it runs.</param>
    /// <param name="cancellation">Ends the waiting.</param>
    /// <param name="app">Value of its label "app".</param>
    /// <returns>The pod's IPv4 address.</returns>
    internal async Task<string> RunPodAsync(string name, string node, IReadOnlyList<string> command, CancellationToken cancellation, string app = "load")
    {
        var pods = ResourceType.Untyped("", "v1", "pods", "Pod", true);
        await Client.CreateAsync(pods, new JsonObject
        {
            ["metadata"] = new JsonObject { ["name"] = name, ["namespace"] = Namespace, ["labels"] = new JsonObject { ["app"] = app } },
            ["spec"] = new JsonObject
            {
                ["nodeName"] = node,
                ["terminationGracePeriodSeconds"] = 0,
                ["containers"] = new JsonArray(new JsonObject
                {
                    ["name"] = "main",
                    ["image"] = "waggle-load",
                    ["command"] = new JsonArray([.. command.Select(word => (JsonNode)word)]),
                    ["env"] = new JsonArray(new JsonObject
                    {
                        ["name"] = "POD_IP",
                        ["valueFrom"] = new JsonObject { ["fieldRef"] = new JsonObject { ["fieldPath"] = "status.podIP" } },
                    }),
                }),
            },
        }, cancellation: cancellation).ConfigureAwait(false);
        var since = Stopwatch.StartNew();
        while (true)
        {
            var pod = await Client.GetAsync(KubeTypes.Pods, Namespace, name, cancellation).ConfigureAwait(false);
            if (pod.Status?.Conditions.Any(condition => condition is { Type: "Ready", Status: "True" }) == true && pod.Status.Ip is { } address)
            {
                return address;
            }

            if (since.Elapsed > PodTimeout)
            {
                throw new InvalidOperationException($"pod {name} is not Ready after {PodTimeout.TotalSeconds:0} s");
            }

            await Task.Delay(50, cancellation).ConfigureAwait(false);
        }
    }

    /// <summary>Runs a command in a pod, as <c>kubectl exec</c> does, and returns its output.</summary>
    internal async Task<string> ExecAsync(string pod, IReadOnlyList<string> command, CancellationToken cancellation)
    {
        var result = await Client.RunAsync(Namespace, pod, command, cancellation: cancellation).ConfigureAwait(false);
        return result.ExitCode == 0 ? result.Stdout
            : throw new InvalidOperationException($"{string.Join(' ', command)} in {pod}: exit code {result.ExitCode}: {result.Stderr}");
    }

    /// <param name="labs">All labs of the machine.</param>
    /// <param name="own">The name that is to be used now.</param>
    /// <param name="cancellation">Ends the waiting.</param>
    private static async Task RemoveOrphansAsync(LabCluster labs, string own, CancellationToken cancellation)
    {
        foreach (var name in labs.List().Select(lab => lab.Options.Name).Where(name => name == own || IsOrphan(name)))
        {
            await labs.DownAsync(name, NoProgress.Instance, cancellation).ConfigureAwait(false);
        }

        static bool IsOrphan(string name) => name.StartsWith(Prefix, StringComparison.Ordinal)
            && int.TryParse(name[Prefix.Length..].Split('-')[0], NumberStyles.None, CultureInfo.InvariantCulture, out var pid)
            && pid != Environment.ProcessId && !Directory.Exists(FormattableString.Invariant($"/proc/{pid}"));
    }

    public async ValueTask DisposeAsync()
    {
        Client.Dispose();
        await _labs.DownAsync(Name, NoProgress.Instance, CancellationToken.None).ConfigureAwait(false);
    }
}
