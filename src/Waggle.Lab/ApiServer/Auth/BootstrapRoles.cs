using System.Text.Json.Nodes;

namespace Waggle.Lab.ApiServer;

/// <summary>The ClusterRoles every cluster has, with the groups they are bound to.</summary>
internal static class BootstrapRoles
{
    private static readonly string[] s_read = ["get", "list", "watch"];
    private static readonly string[] s_write = ["get", "list", "watch", "create", "update", "patch", "delete", "deletecollection"];
    private static readonly string[] s_workloads = ["", "apps", "autoscaling", "batch", "networking.k8s.io", "policy", "discovery.k8s.io"];

    /// <summary>Name, rules, and the group it is bound to; null: to whom people bind it.</summary>
    public static IEnumerable<(string Name, JsonArray Rules, string? Group)> All()
    {
        yield return ("cluster-admin", [Rule(["*"], ["*"], ["*"]), Paths(["*"], ["*"])], "system:masters");
        yield return ("admin", [Rule([.. s_workloads, "cilium.io", "isovalent.com"], ["*"], s_write), Rule(["rbac.authorization.k8s.io"], ["roles", "rolebindings"], s_write)], null);
        yield return ("edit", [Rule([.. s_workloads, "cilium.io", "isovalent.com"], ["*"], s_write)], null);
        yield return ("view", [Rule([""], ["configmaps", "endpoints", "events", "namespaces", "persistentvolumeclaims", "pods", "pods/log", "pods/status", "replicationcontrollers", "serviceaccounts", "services", "services/status"], s_read), Rule([.. s_workloads.Skip(1), "cilium.io", "isovalent.com"], ["*"], s_read)], null);
        yield return ("system:discovery", [Paths(["/api", "/api/*", "/apis", "/apis/*", "/healthz", "/livez", "/openapi", "/openapi/*", "/readyz", "/version", "/version/"], ["get", "head"])], UserInfo.AuthenticatedGroup);
        yield return ("system:basic-user", [Rule(["authorization.k8s.io"], ["selfsubjectaccessreviews", "selfsubjectrulesreviews"], ["create"]), Rule(["authentication.k8s.io"], ["selfsubjectreviews"], ["create"])], UserInfo.AuthenticatedGroup);
        yield return ("system:node",
        [
            Rule([""], ["configmaps", "endpoints", "nodes", "persistentvolumeclaims", "persistentvolumes", "pods", "secrets", "services"], s_read),
            Rule([""], ["nodes", "pods"], ["create", "update", "patch", "delete"]),
            Rule([""], ["nodes/status", "pods/status"], ["update", "patch"]),
            Rule([""], ["events"], ["create", "update", "patch"]),
            Rule([""], ["serviceaccounts/token"], ["create"]),
            Rule(["coordination.k8s.io"], ["leases"], ["get", "create", "update", "patch"]),
            Rule(["authentication.k8s.io"], ["tokenreviews"], ["create"]),
            Rule(["authorization.k8s.io"], ["subjectaccessreviews", "localsubjectaccessreviews"], ["create"]),
        ], "system:nodes");
    }

    /// <summary>The body of the binding of a role to a group.</summary>
    public static JsonObject Binding(string role, string group) => new()
    {
        ["roleRef"] = new JsonObject { ["apiGroup"] = "rbac.authorization.k8s.io", ["kind"] = "ClusterRole", ["name"] = role },
        ["subjects"] = new JsonArray(new JsonObject { ["apiGroup"] = "rbac.authorization.k8s.io", ["kind"] = "Group", ["name"] = group }),
    };

    private static JsonObject Rule(string[] groups, string[] resources, string[] verbs) =>
        new() { ["apiGroups"] = J.Strings(groups), ["resources"] = J.Strings(resources), ["verbs"] = J.Strings(verbs) };

    private static JsonObject Paths(string[] urls, string[] verbs) => new() { ["nonResourceURLs"] = J.Strings(urls), ["verbs"] = J.Strings(verbs) };
}
