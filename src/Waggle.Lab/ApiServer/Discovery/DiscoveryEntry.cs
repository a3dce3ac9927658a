using System.Text.Json.Nodes;

namespace Waggle.Lab.ApiServer;

/// <summary>One line of discovery: a resource or a subresource.</summary>
internal sealed record DiscoveryEntry(string Name, string Singular, bool Namespaced, string Group, string Version, string Kind, IReadOnlyList<string> Verbs, IReadOnlyList<string> ShortNames, IReadOnlyList<string> Categories)
{
    private static readonly string[] s_all = ["create", "delete", "deletecollection", "get", "list", "patch", "update", "watch"];
    private static readonly string[] s_update = ["get", "patch", "update"];

    /// <summary>Groups that answer questions and store nothing.</summary>
    public static IReadOnlyList<(string Group, string Version, IReadOnlyList<DiscoveryEntry> Entries)> Virtual { get; } =
    [
        ("authentication.k8s.io", "v1",
        [
            Review("selfsubjectreviews", "authentication.k8s.io", "SelfSubjectReview", false),
            Review("tokenreviews", "authentication.k8s.io", "TokenReview", false),
        ]),
        ("authorization.k8s.io", "v1",
        [
            Review("localsubjectaccessreviews", "authorization.k8s.io", "LocalSubjectAccessReview", true),
            Review("selfsubjectaccessreviews", "authorization.k8s.io", "SelfSubjectAccessReview", false),
            Review("selfsubjectrulesreviews", "authorization.k8s.io", "SelfSubjectRulesReview", false),
            Review("subjectaccessreviews", "authorization.k8s.io", "SubjectAccessReview", false),
        ]),
    ];

    public static IEnumerable<DiscoveryEntry> Of(ResourceDefinition r)
    {
        yield return new DiscoveryEntry(r.Plural, r.Singular, r.Namespaced, r.Group, r.Version, r.Kind, s_all, r.ShortNames, r.Categories);
        foreach (var sub in r.Subresources)
        {
            var (group, version, kind, verbs) = sub switch
            {
                "scale" => ("autoscaling", "v1", "Scale", s_update),
                "binding" => ("", "v1", "Binding", ["create"]),
                "eviction" => ("policy", "v1", "Eviction", ["create"]),
                "token" => ("authentication.k8s.io", "v1", "TokenRequest", ["create"]),
                "exec" => ("", "v1", "PodExecOptions", ["create", "get"]),
                "attach" => ("", "v1", "PodAttachOptions", ["create", "get"]),
                "portforward" => ("", "v1", "PodPortForwardOptions", ["create", "get"]),
                "log" => (r.Group, r.Version, r.Kind, ["get"]),
                "finalize" => (r.Group, r.Version, r.Kind, ["update"]),
                _ => (r.Group, r.Version, r.Kind, s_update),
            };
            yield return new DiscoveryEntry($"{r.Plural}/{sub}", "", r.Namespaced, group, version, kind, verbs, [], []);
        }
    }

    /// <summary>The form of APIResourceList.</summary>
    public JsonObject Classic(string ownGroup, string ownVersion)
    {
        var entry = new JsonObject { ["name"] = Name, ["singularName"] = Singular, ["namespaced"] = Namespaced };
        if (Group != ownGroup || Version != ownVersion)
        {
            entry["group"] = Group;
            entry["version"] = Version;
        }
        entry["kind"] = Kind;
        entry["verbs"] = J.Strings(Verbs);
        if (ShortNames.Count > 0)
        {
            entry["shortNames"] = J.Strings(ShortNames);
        }
        if (Categories.Count > 0)
        {
            entry["categories"] = J.Strings(Categories);
        }
        return entry;
    }

    /// <summary>The form of aggregated discovery.</summary>
    public JsonObject Aggregated()
    {
        var kind = new JsonObject { ["group"] = Group, ["version"] = Version, ["kind"] = Kind };
        var slash = Name.IndexOf('/');
        if (slash >= 0)
        {
            return new JsonObject { ["subresource"] = Name[(slash + 1)..], ["responseKind"] = kind, ["verbs"] = J.Strings(Verbs) };
        }
        var entry = new JsonObject
        {
            ["resource"] = Name,
            ["responseKind"] = kind,
            ["scope"] = Namespaced ? "Namespaced" : "Cluster",
            ["singularResource"] = Singular,
            ["verbs"] = J.Strings(Verbs),
        };
        if (ShortNames.Count > 0)
        {
            entry["shortNames"] = J.Strings(ShortNames);
        }
        if (Categories.Count > 0)
        {
            entry["categories"] = J.Strings(Categories);
        }
        return entry;
    }

    private static DiscoveryEntry Review(string name, string group, string kind, bool namespaced) => new(name, kind.ToLowerInvariant(), namespaced, group, "v1", kind, ["create"], [], []);
}
