using System.Text.Json;
using System.Text.Json.Nodes;
using Waggle.Commands.Agents;
using Waggle.Commands.Nodes;
using Waggle.Kube.Client;
using Waggle.Kube.Exec;
using Waggle.Kube.Resources;

namespace Waggle.Commands.Status;

/// <summary>Asks every ready agent how it stands: a pod can be Ready while a part of it is not well.</summary>
internal sealed class AgentProblems(KubeClient client, string @namespace)
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(5);

    public async Task<IReadOnlyList<Problem>> ReadAsync(CancellationToken cancellation)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        limit.CancelAfter(Patience);
        try
        {
            var agents = new AgentPods(client, @namespace);
            var ready = (await agents.ListAsync(limit.Token).ConfigureAwait(false)).Where(pod => pod.Status.Conditions.Any(condition => condition is { Type: "Ready", Status: "True" })).ToList();
            var answers = await agents.RunAsync(ready, _ => ["cilium", "status", "-o", "json"], limit.Token).ConfigureAwait(false);
            return [.. answers.SelectMany(answer => Judge(answer.Pod, answer.Result))];
        }
        catch (Exception silent) when (Failures.Explain(silent) is not null || silent is OperationCanceledException && !cancellation.IsCancellationRequested)
        {
            return [new Problem(Components.Agent, Components.Agent, $"the agents could not be asked for their own status: {(silent is OperationCanceledException ? "no answer within 5 s" : silent.Message)}", IsError: false)];
        }
    }

    internal static IEnumerable<Problem> Judge(Pod pod, ExecResult result)
    {
        var name = pod.Metadata.Name ?? "";
        JsonObject? status = null;
        try
        {
            status = JsonNode.Parse(result.Stdout) as JsonObject;
        }
        catch (JsonException)
        {
        }

        if (status is null)
        {
            var said = result.Stderr.Split('\n').FirstOrDefault(line => line.Length > 0) ?? $"the command ended with {result.ExitCode}";
            return [new Problem(Components.Agent, name, $"does not tell its status: {said.Replace("Error: ", "")}", IsError: false)];
        }

        return (status["modules"] as JsonArray ?? []).OfType<JsonObject>()
            .Where(module => module["ok"]?.GetValueKind() == JsonValueKind.False)
            .Select(module => new Problem(Components.Agent, name, $"{module.Text("module")}: {(module.Text("message") is { Length: > 0 } message ? message : "not well")}"));
    }
}
