namespace Waggle.Lab.ApiServer;

/// <summary>A URL path under /api or /apis, taken apart.</summary>
/// <param name="Group">Empty for the core group.</param>
/// <param name="Version">The version.</param>
/// <param name="Namespace">Null for all namespaces and cluster-scoped resources.</param>
/// <param name="Resource">The plural; null for the discovery of the group version.</param>
/// <param name="Name">Null for the collection.</param>
/// <param name="Subresource">Null for the object itself.</param>
/// <param name="Rest">What follows the subresource (proxy).</param>
internal sealed record RequestPath(string Group, string Version, string? Namespace, string? Resource, string? Name, string? Subresource, string? Rest)
{
    /// <returns>Null when the path is not one of a group version.</returns>
    public static RequestPath? Parse(string path)
    {
        var parts = path.Split('/', StringSplitOptions.RemoveEmptyEntries);
        int at;
        string group;
        if (parts.Length >= 2 && parts[0] == "api")
        {
            group = "";
            at = 1;
        }
        else if (parts.Length >= 3 && parts[0] == "apis")
        {
            group = parts[1];
            at = 2;
        }
        else
        {
            return null;
        }
        var version = parts[at++];
        string? space = null;
        // /namespaces/NAME and /namespaces/NAME/(status|finalize) are the Namespace itself.
        if (parts.Length - at >= 3 && parts[at] == "namespaces" && !(parts.Length - at == 3 && group.Length == 0 && parts[at + 2] is "status" or "finalize"))
        {
            space = parts[at + 1];
            at += 2;
        }
        string? Next() => at < parts.Length ? parts[at++] : null;
        var resource = Next();
        var name = Next();
        var subresource = Next();
        var rest = at < parts.Length ? string.Join('/', parts[at..]) : null;
        return new RequestPath(group, version, space, resource, name, subresource, rest);
    }
}
