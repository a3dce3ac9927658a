using System.Text.Json.Nodes;
using Microsoft.Extensions.Logging;
using Waggle.Hosting.Loops;
using Waggle.Kube.Client;
using Waggle.Kube.Informers;
using Waggle.Kube.Json;
using Waggle.Kube.Resources;
using Waggle.Policy.Rules;

namespace Waggle.Operator.Policies;

/// <summary>Says in the status of every policy whether it is valid, what of it fails closed, and how many endpoints it selects.</summary>
/// <remarks>One writer for what is true of the object as a whole; each agent writes its own node's entry.</remarks>
public sealed partial class PolicyStatusFeature(OperatorContext context) : IOperatorFeature
{
    private static readonly TimeSpan Breath = TimeSpan.FromMilliseconds(200);
    private readonly ILogger _logger = context.Logs.CreateLogger<PolicyStatusFeature>();
    private readonly Signal _changed = new();

    public async Task RunAsync(CancellationToken cancellation)
    {
        (PolicyKind Kind, ResourceType<JsonObject> Type, Informer<JsonObject> Copy)[] kinds =
        [
            (PolicyKind.CiliumNetworkPolicy, KubeTypes.CiliumNetworkPolicies, context.CiliumNetworkPolicies),
            (PolicyKind.CiliumClusterwideNetworkPolicy, KubeTypes.CiliumClusterwideNetworkPolicies, context.CiliumClusterwideNetworkPolicies),
        ];
        foreach (var kind in kinds)
        {
            kind.Copy.OnChange(_ => _changed.Set());
            await kind.Copy.Synced.WaitAsync(cancellation).ConfigureAwait(false);
        }

        while (true)
        {
            bool complete = true;
            foreach ((PolicyKind kind, ResourceType<JsonObject> type, Informer<JsonObject> copy) in kinds)
            {
                foreach (JsonObject policy in copy.Objects.Values)
                {
                    complete &= await WriteAsync(kind, type, policy, cancellation).ConfigureAwait(false);
                }
            }

            await _changed.WaitAsync(complete ? TimeSpan.FromMinutes(5) : TimeSpan.FromSeconds(2), context.Time, cancellation).ConfigureAwait(false);
            await Task.Delay(Breath, context.Time, cancellation).ConfigureAwait(false); // nodes report one after the other
        }
    }

    private async Task<bool> WriteAsync(PolicyKind kind, ResourceType<JsonObject> type, JsonObject policy, CancellationToken cancellation)
    {
        (IReadOnlyList<Condition> conditions, long endpoints) = PolicyConditions.Of(kind, policy, context.Config.Flag("enable-node-selector-labels"), context.Time.GetUtcNow());
        if (PolicyConditions.Says(policy, conditions, endpoints))
        {
            return true;
        }

        ObjectKey key = type.Key(policy);
        try
        {
            var patch = new JsonObject { ["status"] = new JsonObject { ["conditions"] = new JsonArray([.. conditions.Select(c => (JsonNode)KubeJson.ToJson(c))]), ["selectedEndpoints"] = endpoints } };
            await context.Client.PatchAsync(type, key.Namespace.Length > 0 ? key.Namespace : null, key.Name, KubePatch.Merge(patch), subresource: "status", cancellation: cancellation).ConfigureAwait(false);
            return true;
        }
        catch (KubeApiException e) when (e.IsNotFound)
        {
            return true;
        }
        catch (KubeApiException e)
        {
            LogFailed(type.Kind, key.ToString(), e.Message);
            return false;
        }
    }

    [LoggerMessage(2071, LogLevel.Warning, "status of {Kind} {Name} is not written: {Problem}; trying again")]
    private partial void LogFailed(string kind, string name, string problem);
}
