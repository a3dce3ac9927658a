using System.Text.Json.Nodes;

namespace Waggle.Lab.ApiServer;

/// <summary>The documents by which clients learn what is served, in the classic and in the aggregated form.</summary>
internal static class DiscoveryDocuments
{
    /// <summary>All group versions with their entries, the preferred version of a group first.</summary>
    private static List<(string Group, string Version, List<DiscoveryEntry> Entries)> All(ApiSurface surface)
    {
        var all = new List<(string, string, List<DiscoveryEntry>)>();
        foreach (var version in surface.Groups.SelectMany(g => g.Versions))
        {
            all.Add((version.Group, version.Version, [.. version.Resources.SelectMany(DiscoveryEntry.Of)]));
        }
        foreach (var (group, version, entries) in DiscoveryEntry.Virtual)
        {
            all.Add((group, version, [.. entries]));
        }
        return all;
    }

    public static JsonObject CoreVersions(string serverAddress) => new()
    {
        ["kind"] = "APIVersions",
        ["versions"] = J.Strings(["v1"]),
        ["serverAddressByClientCIDRs"] = new JsonArray(new JsonObject { ["clientCIDR"] = "0.0.0.0/0", ["serverAddress"] = serverAddress }),
    };

    public static JsonObject GroupList(ApiSurface surface)
    {
        var groups = new JsonArray();
        foreach (var group in All(surface).Where(v => v.Group.Length > 0).GroupBy(v => v.Group))
        {
            groups.Add((JsonNode)GroupOf(group.Key, [.. group.Select(v => v.Version)]));
        }
        return new JsonObject { ["kind"] = "APIGroupList", ["apiVersion"] = "v1", ["groups"] = groups };
    }

    public static JsonObject? Group(ApiSurface surface, string name)
    {
        var versions = All(surface).Where(v => v.Group == name).Select(v => v.Version).ToList();
        if (versions.Count == 0)
        {
            return null;
        }
        var group = GroupOf(name, versions);
        group.Insert(0, "kind", "APIGroup");
        group.Insert(1, "apiVersion", "v1");
        return group;
    }

    public static JsonObject? Resources(ApiSurface surface, string group, string version)
    {
        var found = All(surface).Where(v => v.Group == group && v.Version == version).ToList();
        if (found.Count == 0)
        {
            return null;
        }
        var resources = new JsonArray();
        foreach (var entry in found[0].Entries)
        {
            resources.Add((JsonNode)entry.Classic(group, version));
        }
        return new JsonObject { ["kind"] = "APIResourceList", ["apiVersion"] = "v1", ["groupVersion"] = group.Length == 0 ? version : $"{group}/{version}", ["resources"] = resources };
    }

    /// <param name="surface">What is served.</param>
    /// <param name="core">Only the core group, or only the others.</param>
    /// <param name="apiVersion">v2 or v2beta1.</param>
    public static JsonObject Aggregated(ApiSurface surface, bool core, string apiVersion)
    {
        var items = new JsonArray();
        foreach (var group in All(surface).Where(v => v.Group.Length == 0 == core).GroupBy(v => v.Group))
        {
            var versions = new JsonArray();
            foreach (var (_, version, entries) in group)
            {
                var resources = new JsonArray();
                JsonObject? parent = null;
                foreach (var entry in entries)
                {
                    var item = entry.Aggregated();
                    if (item.ContainsKey("subresource"))
                    {
                        if (parent!["subresources"] is not JsonArray list)
                        {
                            parent["subresources"] = list = [];
                        }
                        list.Add((JsonNode)item);
                    }
                    else
                    {
                        parent = item;
                        resources.Add((JsonNode)item);
                    }
                }
                versions.Add((JsonNode)new JsonObject { ["version"] = version, ["resources"] = resources, ["freshness"] = "Current" });
            }
            items.Add((JsonNode)new JsonObject { ["metadata"] = new JsonObject { ["name"] = group.Key, ["creationTimestamp"] = null }, ["versions"] = versions });
        }
        return new JsonObject { ["kind"] = "APIGroupDiscoveryList", ["apiVersion"] = $"apidiscovery.k8s.io/{apiVersion}", ["metadata"] = new JsonObject(), ["items"] = items };
    }

    private static JsonObject GroupOf(string name, List<string> versions)
    {
        JsonObject Version(string v) => new() { ["groupVersion"] = $"{name}/{v}", ["version"] = v };
        var list = new JsonArray();
        foreach (var version in versions)
        {
            list.Add((JsonNode)Version(version));
        }
        return new JsonObject { ["name"] = name, ["versions"] = list, ["preferredVersion"] = Version(versions[0]) };
    }
}
