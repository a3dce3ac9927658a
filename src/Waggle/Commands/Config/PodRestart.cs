using System.Diagnostics;
using Waggle.Cli;
using Waggle.Kube.Client;
using Waggle.Kube.Resources;

namespace Waggle.Commands.Config;

/// <summary>Deletes the agents' and the operator's pods and waits until their successors are ready. Forwarding goes on meanwhile.</summary>
internal sealed class PodRestart(KubeClient client, string @namespace, Terminal terminal)
{
    private static readonly string[] Selectors = ["k8s-app=cilium", "io.cilium/app=operator"];

    public async Task<ExitCode> RunAsync(TimeSpan wait, CancellationToken cancellation)
    {
        var old = new HashSet<string>();
        foreach (var selector in Selectors)
        {
            foreach (var pod in await PodsAsync(selector, cancellation).ConfigureAwait(false))
            {
                old.Add(pod.Metadata.Uid ?? "");
                await client.TryDeleteAsync(KubeTypes.Pods, @namespace, pod.Metadata.Name!, cancellation: cancellation).ConfigureAwait(false);
            }
        }

        terminal.Out.WriteLine("♻️  Restarted Cilium pods");
        terminal.Out.Flush();
        var clock = Stopwatch.StartNew();
        while (!await ReadyAsync(old, cancellation).ConfigureAwait(false))
        {
            if (clock.Elapsed > wait)
            {
                throw new CliException($"the restarted pods are not ready after {Durations.Format(wait)}", "\"cilium status\" tells what is missing.", ExitCode.Timeout);
            }

            await Task.Delay(TimeSpan.FromMilliseconds(250), cancellation).ConfigureAwait(false);
        }

        return ExitCode.Ok;
    }

    private async Task<bool> ReadyAsync(HashSet<string> old, CancellationToken cancellation)
    {
        var agents = await PodsAsync(Selectors[0], cancellation).ConfigureAwait(false);
        var set = await client.TryGetAsync(KubeTypes.DaemonSets, @namespace, "cilium", cancellation).ConfigureAwait(false);
        return agents.Count >= (set?.Status.DesiredNumberScheduled ?? 0) && agents.All(pod => !old.Contains(pod.Metadata.Uid ?? "") && IsReady(pod));
    }

    private static bool IsReady(Pod pod) => pod.Status.Conditions.Any(condition => condition is { Type: "Ready", Status: "True" });

    private async Task<IReadOnlyList<Pod>> PodsAsync(string selector, CancellationToken cancellation) =>
        (await client.ListAsync(KubeTypes.Pods, @namespace, new ListOptions { LabelSelector = selector }, cancellation).ConfigureAwait(false)).Items;
}
