using System.Text.Json.Nodes;
using Waggle.Cli;
using Waggle.Cli.Output;
using Waggle.Commands.Cluster;
using Waggle.Kube.Client;

namespace Waggle.Commands.General;

/// <summary><c>cilium version</c>: this command's version, and what runs in the cluster.</summary>
internal static class ClusterVersionCommand
{
    public static Verb Create(string tool)
    {
        var cluster = new ClusterFlags();
        var output = new OutputFlags();
        var client = new Flag<bool>("--client", "only this command's version");
        return new Verb("version", "Show versions")
        {
            Group = "Other commands",
            Flags = [client, .. output.All, .. cluster.All],
            Examples = [new($"{tool} version", "this command and the running agents"), new($"{tool} version --client", "without asking the cluster")],
            Run = async (call, cancellation) =>
            {
                string? running = null, problem = null;
                if (!call.Get(client) && !cluster.PrefersNode(call))
                {
                    (running, problem) = await RunningAsync(call, cluster, cancellation).ConfigureAwait(false);
                }

                Print(call.Terminal, output.Read(call), cluster.PrefersNode(call), call.Get(client), running, problem);
                return ExitCode.Ok;
            },
        };
    }

    private static async Task<(string? Image, string? Problem)> RunningAsync(Call call, ClusterFlags cluster, CancellationToken cancellation)
    {
        try
        {
            using var client = cluster.Open(call);
            var set = await client.TryGetAsync(KubeTypes.DaemonSets, call.Get(cluster.Namespace)!, "cilium", cancellation).ConfigureAwait(false);
            return (set?.Spec.Template?.Spec.Containers.FirstOrDefault(container => container.Name == "cilium-agent")?.Image, "no cilium DaemonSet there");
        }
        catch (Exception failure) when (Failures.Explain(failure) is { } told)
        {
            return (null, told.Message);
        }
    }

    private static void Print(Terminal terminal, OutputRequest request, bool node, bool clientOnly, string? running, string? problem)
    {
        if (request.Structured)
        {
            Documents.Write(terminal.Out, request, new JsonObject { ["client"] = Build.Version, ["commit"] = Build.Commit, ["platform"] = Build.Platform, ["runtime"] = Build.Runtime, ["imageDefault"] = Build.Image, ["imageRunning"] = running });
            return;
        }

        var runtime = $"{Build.Runtime} on {Build.Platform}";
        if (node)
        {
            terminal.Out.WriteLine($"Client: {Build.Version} {Build.Commit} {runtime}");
            return;
        }

        terminal.Out.WriteLine($"cilium-cli: v{Build.Version} (Waggle, commit {Build.Commit}) compiled with {runtime}");
        terminal.Out.WriteLine($"cilium image (default): {Build.Image}");
        terminal.Out.WriteLine($"cilium image (stable): {Build.Image}");
        if (!clientOnly)
        {
            terminal.Out.WriteLine(running is not null ? $"cilium image (running): {running}" : $"cilium image (running): unknown. Unable to obtain cilium version. Reason: {problem}");
        }
    }
}
