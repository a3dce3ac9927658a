using System.Text.Json;
using System.Text.Json.Nodes;
using Waggle.Cli;
using Waggle.Kube.Client;
using Waggle.Kube.Exec;
using Waggle.Kube.Resources;

namespace Waggle.Commands.Agents;

/// <summary>Runs commands in the agents' containers, some at a time.</summary>
internal sealed class AgentPods(KubeClient client, string @namespace)
{
    private const int AtOnce = 16;

    /// <summary>The running agents, by node.</summary>
    /// <exception cref="CliException">There is none.</exception>
    public async Task<IReadOnlyList<Pod>> ListAsync(CancellationToken cancellation)
    {
        var pods = await client.ListAsync(KubeTypes.Pods, @namespace, new ListOptions { LabelSelector = "k8s-app=cilium" }, cancellation).ConfigureAwait(false);
        var running = pods.Items.Where(pod => pod.Status.Phase == "Running" && pod.Metadata.DeletionTimestamp is null).OrderBy(pod => pod.Spec.NodeName, StringComparer.Ordinal).ToList();
        return running.Count > 0 ? running : throw new CliException($"no agent runs in namespace {@namespace}", "\"cilium status\" tells what is missing.");
    }

    /// <summary>Runs the command in every agent; results in the order of the pods.</summary>
    public async Task<IReadOnlyList<(Pod Pod, ExecResult Result)>> RunAsync(IReadOnlyList<Pod> pods, Func<Pod, IReadOnlyList<string>> command, CancellationToken cancellation)
    {
        using var gate = new SemaphoreSlim(AtOnce);
        return await Task.WhenAll(pods.Select(async pod =>
        {
            await gate.WaitAsync(cancellation).ConfigureAwait(false);
            try
            {
                return (pod, await client.RunAsync(@namespace, pod.Metadata.Name!, command(pod), "cilium-agent", cancellation: cancellation).ConfigureAwait(false));
            }
            finally
            {
                gate.Release();
            }
        })).ConfigureAwait(false);
    }

    /// <summary>The JSON list that a successful command printed.</summary>
    /// <exception cref="CliException">The command failed or printed something else.</exception>
    public static IReadOnlyList<JsonObject> Rows(Pod pod, ExecResult result)
    {
        if (result.ExitCode != 0)
        {
            throw Failed(pod, result);
        }

        try
        {
            return JsonNode.Parse(result.Stdout) is JsonArray list ? [.. list.OfType<JsonObject>()] : [];
        }
        catch (JsonException garbled)
        {
            throw new CliException($"the agent on {pod.Spec.NodeName} answered no JSON: {garbled.Message}");
        }
    }

    public static CliException Failed(Pod pod, ExecResult result) =>
        new($"{pod.Spec.NodeName}: {(result.Stderr.Split('\n').FirstOrDefault(line => line.Length > 0) ?? $"the command ended with {result.ExitCode}").Replace("Error: ", "")}");
}
