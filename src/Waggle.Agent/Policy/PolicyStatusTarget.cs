using System.Text.Json.Nodes;
using Waggle.Agent.Kubernetes;
using Waggle.Kube.Client;
using Waggle.Kube.Events;
using Waggle.Kube.Resources;
using Waggle.Policy.Rules;
using Waggle.State.Reconciling;
using Waggle.State.Tables;

namespace Waggle.Agent.Policy;

/// <summary>Table <c>policy-status</c> → this node's entry in the status of the policy objects; NetworkPolicies, which have no status, get Events when something is wrong.</summary>
/// <remarks>Only nodes that have something to say write: those with endpoints that the policy selects, and those where it is not in force as it should be.</remarks>
internal sealed class PolicyStatusTarget(KubeSources kube, AgentArguments arguments, PolicyTable policies, TimeProvider time) : IReconcilerTarget<PolicyStatusRow>
{
    private readonly EventRecorder _events = new(kube.Client, "cilium-agent", arguments.NodeName, time);
    private readonly Dictionary<string, string> _written = new(StringComparer.Ordinal);

    public async ValueTask UpdateAsync(Snapshot snapshot, PolicyStatusRow row, CancellationToken cancellation)
    {
        if (policies.View.Find(row.Policy) is not { Source: "k8s" } policy)
        {
            return;
        }

        PolicyKey key = policy.Parsed.Key;
        if (key.Kind == PolicyKind.NetworkPolicy)
        {
            WarnOnce(row, key);
            return;
        }

        bool silent = row.Endpoints == 0 && row.Problem.Length == 0;
        string text = silent ? "" : $"{row.Uid} {row.Generation} {row.Endpoints} {row.Revision} {row.Problem}";
        if (_written.GetValueOrDefault(row.Policy) is { } before ? before == text : silent && !HasEntry(key))
        {
            return;
        }

        // A merge patch touches this node's key and nobody else's.
        JsonNode? entry = silent ? null : new JsonObject
        {
            ["ok"] = row.Problem.Length == 0, ["enforcing"] = row.Revision > 0, ["error"] = row.Problem.Length == 0 ? null : row.Problem, ["localPolicyRevision"] = row.Revision,
            ["selectedEndpoints"] = row.Endpoints, ["lastUpdated"] = time.GetUtcNow().ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", System.Globalization.CultureInfo.InvariantCulture),
        };
        var patch = new JsonObject { ["status"] = new JsonObject { ["nodes"] = new JsonObject { [arguments.NodeName] = entry } } };
        try
        {
            await kube.Client.PatchAsync(TypeOf(key.Kind), key.Namespace.Length > 0 ? key.Namespace : null, key.Name, KubePatch.Merge(patch), subresource: "status", cancellation: cancellation).ConfigureAwait(false);
        }
        catch (KubeApiException e) when (e.IsNotFound)
        {
        }

        _written[row.Policy] = text;
    }

    public ValueTask DeleteAsync(Snapshot snapshot, PolicyStatusRow row, CancellationToken cancellation)
    {
        _written.Remove(row.Policy); // its status went with it
        return ValueTask.CompletedTask;
    }

    public ValueTask PruneAsync(Snapshot snapshot, IReadOnlyCollection<PolicyStatusRow> desired, CancellationToken cancellation) => ValueTask.CompletedTask;

    internal static ResourceType<JsonObject> TypeOf(PolicyKind kind) => kind switch
    {
        PolicyKind.NetworkPolicy => KubeTypes.NetworkPolicies,
        PolicyKind.CiliumNetworkPolicy => KubeTypes.CiliumNetworkPolicies,
        _ => KubeTypes.CiliumClusterwideNetworkPolicies,
    };

    private bool HasEntry(PolicyKey key) =>
        (key.Kind == PolicyKind.CiliumNetworkPolicy ? kube.CiliumNetworkPolicies : kube.CiliumClusterwideNetworkPolicies).Find(key.Namespace, key.Name)?["status"]?["nodes"]?[arguments.NodeName] is not null;

    private void WarnOnce(PolicyStatusRow row, PolicyKey key)
    {
        if (row.Problem.Length > 0 && _written.GetValueOrDefault(row.Policy) != row.Problem)
        {
            _ = _events.WarningAsync(
                new ObjectReference { ApiVersion = "networking.k8s.io/v1", Kind = "NetworkPolicy", Namespace = key.Namespace, Name = key.Name, Uid = row.Uid }, "PolicyNotInForce", row.Problem);
        }

        _written[row.Policy] = row.Problem;
    }
}
