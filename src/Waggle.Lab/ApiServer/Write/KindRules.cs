using System.Text.Json.Nodes;

namespace Waggle.Lab.ApiServer;

/// <summary>What a rule may look at.</summary>
internal sealed record RuleContext(ApiServerRuntime Runtime, WriteContext Write, JsonObject? Old);

/// <summary>What is special about one kind. The defaults fit a kind without special rules.</summary>
internal class KindRules
{
    public static KindRules Plain { get; } = new();

    public static KindRules Counted { get; } = new() { HasGeneration = true };

    /// <summary>metadata.generation counts changes of the desired state.</summary>
    public bool HasGeneration { get; init; }

    /// <summary>A node registers itself with its status in one request.</summary>
    public bool KeepsStatusOnCreate { get; init; }

    public virtual string? NameFault(string name) => Names.DnsSubdomain(name);

    /// <summary>Computed defaults and values the server sets, on create.</summary>
    public virtual void PrepareCreate(JsonObject body, RuleContext context) { }

    public virtual void PrepareUpdate(JsonObject body, JsonObject old, RuleContext context) { }

    /// <summary>Faults a schema cannot say, and changes that are not allowed.</summary>
    public virtual void Validate(JsonObject body, JsonObject? old, FieldErrors errors, WriteContext context) { }

    /// <summary>Takes addresses, ports and the like just before the object is stored.</summary>
    public virtual void Reserve(JsonObject body, JsonObject? old, RuleContext context) { }

    /// <summary>The object has been stored.</summary>
    public virtual void Written(StoredObject item, StoredObject? old, RuleContext context) { }

    /// <summary>The object has been removed.</summary>
    public virtual void Deleted(StoredObject item, RuleContext context) { }

    /// <summary>Seconds of grace for a deletion, before the object is really removed; 0: at once.</summary>
    public virtual long GracePeriod(JsonObject body, long? asked) => 0;

    protected static void Immutable(JsonObject body, JsonObject? old, FieldErrors errors, string message, params ReadOnlySpan<string> path)
    {
        if (old is null)
        {
            return;
        }
        var now = J.At(body, path);
        if (!JsonNode.DeepEquals(now, J.At(old, path)))
        {
            errors.Invalid(string.Join('.', path!), now, message);
        }
    }
}

/// <summary>The rules of every kind that has some.</summary>
internal sealed class KindRulesTable
{
    private readonly Dictionary<(string Group, string Kind), KindRules> _rules;

    public KindRulesTable(ApiServerRuntime runtime)
    {
        _rules = new()
        {
            [("", "Pod")] = new PodRules(),
            [("", "Node")] = new KindRules { KeepsStatusOnCreate = true },
            [("", "Namespace")] = new NamespaceRules(),
            [("", "Service")] = new ServiceRules(runtime),
            [("", "Secret")] = new SecretRules(),
            [("", "ConfigMap")] = new ConfigMapRules(),
            [("", "Event")] = new EventRules(),
            [("events.k8s.io", "Event")] = new EventRules(),
            [("apps", "Deployment")] = new WorkloadRules(),
            [("apps", "ReplicaSet")] = new WorkloadRules(),
            [("apps", "DaemonSet")] = new WorkloadRules(),
            [("apps", "StatefulSet")] = new WorkloadRules(),
            [("batch", "Job")] = new JobRules(),
            [("batch", "CronJob")] = KindRules.Counted,
            [("networking.k8s.io", "NetworkPolicy")] = new NetworkPolicyRules(),
            [("networking.k8s.io", "Ingress")] = KindRules.Counted,
            [("policy", "PodDisruptionBudget")] = KindRules.Counted,
            [("rbac.authorization.k8s.io", "Role")] = new PathNameRules(),
            [("rbac.authorization.k8s.io", "ClusterRole")] = new PathNameRules(),
            [("rbac.authorization.k8s.io", "RoleBinding")] = new PathNameRules(),
            [("rbac.authorization.k8s.io", "ClusterRoleBinding")] = new PathNameRules(),
            [("apiextensions.k8s.io", "CustomResourceDefinition")] = new CrdRules(),
        };
    }

    public KindRules For(ResourceDefinition resource) =>
        _rules.TryGetValue((resource.Group, resource.Kind), out var rules) ? rules : resource.BuiltIn ? KindRules.Plain : KindRules.Counted;
}

/// <summary>RBAC names may contain colons and capitals.</summary>
internal sealed class PathNameRules : KindRules
{
    public override string? NameFault(string name) => Names.PathSegment(name);
}
