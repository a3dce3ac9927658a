using System.Text.Json.Nodes;

namespace Waggle.Lab.ApiServer;

/// <summary>
/// Role based access control by the stored Roles, ClusterRoles and their bindings: what no bound role allows is refused. Members of
/// <c>system:masters</c> may do everything; anonymous requests only look at the server's health and version.
/// </summary>
internal sealed class RbacAuthorizer(ObjectStore store) : IAuthorizer
{
    private const string Group = "rbac.authorization.k8s.io";

    private static readonly HashSet<string> s_public = ["/healthz", "/livez", "/readyz", "/version"];

    public string? Refuse(AccessAttributes request)
    {
        if (request.User.IsAdmin || (request.Resource is null && request.Verb is "get" or "head" && request.Path is { } path && s_public.Contains(path.TrimEnd('/'))))
        {
            return null;
        }
        if (request.User.IsAnonymous)
        {
            return "anonymous requests may only read /healthz, /livez, /readyz and /version";
        }
        return RulesFor(request.User, request.Namespace).Any(rule => Allows(rule, request)) ? null : "";
    }

    /// <summary>The rules of all roles bound to a user: those that hold everywhere, and with a namespace also those that hold there.</summary>
    public IEnumerable<JsonObject> RulesFor(UserInfo user, string? @namespace)
    {
        foreach (var binding in store.Snapshot($"clusterrolebindings.{Group}").Objects)
        {
            foreach (var rule in RulesOf(binding, user, null))
            {
                yield return rule;
            }
        }
        if (string.IsNullOrEmpty(@namespace))
        {
            yield break;
        }
        foreach (var binding in store.Snapshot($"rolebindings.{Group}").Range(@namespace, null))
        {
            foreach (var rule in RulesOf(binding, user, @namespace))
            {
                yield return rule;
            }
        }
    }

    private IEnumerable<JsonObject> RulesOf(StoredObject binding, UserInfo user, string? @namespace)
    {
        if (!(J.Arr(binding.Tree, "subjects") ?? []).Any(subject => Names(subject, user, @namespace)) || J.Str(binding.Tree["roleRef"], "name") is not { } name)
        {
            return [];
        }
        // A binding whose role is gone binds nothing.
        var role = J.Str(binding.Tree["roleRef"], "kind") switch
        {
            "ClusterRole" => store.Snapshot($"clusterroles.{Group}").Find(StoredObject.KeyOf(null, name)),
            "Role" when @namespace is not null => store.Snapshot($"roles.{Group}").Find(StoredObject.KeyOf(@namespace, name)),
            _ => null,
        };
        return (J.Arr(role?.Tree, "rules") ?? []).OfType<JsonObject>();
    }

    private static bool Names(JsonNode? subject, UserInfo user, string? @namespace) => (J.Str(subject, "kind"), J.Str(subject, "name")) switch
    {
        ("User", { } name) => name == user.Name,
        ("Group", { } name) => user.Groups.Contains(name),
        ("ServiceAccount", { } name) => (J.Str(subject, "namespace") is { Length: > 0 } space ? space : @namespace) is { } owner && user.Name == $"system:serviceaccount:{owner}:{name}",
        _ => false,
    };

    private static bool Allows(JsonObject rule, AccessAttributes request)
    {
        if (!Has(rule, "verbs", request.Verb))
        {
            return false;
        }
        if (request.Resource is null)
        {
            return (J.Arr(rule, "nonResourceURLs") ?? []).Any(u => J.Text(u) is { } url && (url.EndsWith('*') ? request.Path!.StartsWith(url[..^1], StringComparison.Ordinal) : url == request.Path));
        }
        var names = J.Arr(rule, "resourceNames");
        return Has(rule, "apiGroups", request.Group ?? "")
            && (Has(rule, "resources", request.ResourceText) || (request.Subresource is { Length: > 0 } sub && Has(rule, "resources", $"*/{sub}")))
            && (names is not { Count: > 0 } || (request.Name is { } name && names.Any(n => J.Text(n) == name)));
    }

    private static bool Has(JsonObject rule, string field, string wanted) =>
        (J.Arr(rule, field) ?? []).Any(v => J.Text(v) is { } text && (text == "*" || text == wanted));
}
