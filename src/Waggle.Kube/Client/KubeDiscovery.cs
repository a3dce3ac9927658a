using System.Collections.Concurrent;
using System.Text.Json.Nodes;
using Waggle.Kube.Json;

namespace Waggle.Kube.Client;

/// <summary>Maps kinds and resource names to resource types by asking the server. Answers are kept until <see cref="Invalidate"/>.</summary>
public sealed class KubeDiscovery
{
    private readonly KubeClient _client;
    private readonly ConcurrentDictionary<string, ApiResourceList> _groupVersions = new();
    private IReadOnlyList<string>? _known;

    internal KubeDiscovery(KubeClient client) => _client = client;

    /// <summary>Forgets everything, e.g. after a CRD was created.</summary>
    public void Invalidate()
    {
        _groupVersions.Clear();
        _known = null;
    }

    /// <summary>The type of a manifest with this <c>apiVersion</c> and <c>kind</c>; null when the server has none.</summary>
    public async Task<ResourceType<JsonObject>?> FindKindAsync(string apiVersion, string kind, CancellationToken cancellation = default)
    {
        var found = (await ResourcesAsync(apiVersion, cancellation).ConfigureAwait(false)).FirstOrDefault(r => r.Kind == kind && !IsSubresource(r));
        return found is null ? null : ToType(apiVersion, found);
    }

    /// <summary>
    /// The type a user means: plural, singular, short name or kind, optionally with the group (<c>deployments.apps</c>). Core and
    /// <c>apps</c> come first, as with kubectl; null when nothing matches.
    /// </summary>
    public async Task<ResourceType<JsonObject>?> FindResourceAsync(string name, CancellationToken cancellation = default)
    {
        var dot = name.IndexOf('.', StringComparison.Ordinal);
        var plain = dot < 0 ? name : name[..dot];
        var group = dot < 0 ? null : name[(dot + 1)..];
        foreach (var groupVersion in await GroupVersionsAsync(cancellation).ConfigureAwait(false))
        {
            if (group is not null && Split(groupVersion).Group != group)
            {
                continue;
            }

            foreach (var resource in await ResourcesAsync(groupVersion, cancellation).ConfigureAwait(false))
            {
                if (!IsSubresource(resource) && (Is(resource.Name) || Is(resource.SingularName) || Is(resource.Kind) || resource.ShortNames.Any(Is)))
                {
                    return ToType(groupVersion, resource);
                }
            }
        }

        return null;

        bool Is(string? candidate) => string.Equals(candidate, plain, StringComparison.OrdinalIgnoreCase);
    }

    /// <summary>Every type that can be listed and deleted, in its preferred version; for garbage collection and namespace removal.</summary>
    public async Task<IReadOnlyList<ResourceType<JsonObject>>> DeletableAsync(CancellationToken cancellation = default)
    {
        var result = new List<ResourceType<JsonObject>>();
        var seen = new HashSet<(string, string)>();
        foreach (var groupVersion in await GroupVersionsAsync(cancellation).ConfigureAwait(false))
        {
            foreach (var resource in await ResourcesAsync(groupVersion, cancellation).ConfigureAwait(false))
            {
                if (!IsSubresource(resource) && resource.Verbs.Contains("list") && resource.Verbs.Contains("delete") && seen.Add((Split(groupVersion).Group, resource.Name)))
                {
                    result.Add(ToType(groupVersion, resource));
                }
            }
        }

        return result;
    }

    private static bool IsSubresource(ApiResource resource) => resource.Name.Contains('/', StringComparison.Ordinal);

    private static (string Group, string Version) Split(string groupVersion)
    {
        var slash = groupVersion.IndexOf('/', StringComparison.Ordinal);
        return slash < 0 ? ("", groupVersion) : (groupVersion[..slash], groupVersion[(slash + 1)..]);
    }

    private static ResourceType<JsonObject> ToType(string groupVersion, ApiResource resource)
    {
        var (group, version) = Split(groupVersion);
        return ResourceType.Untyped(group, version, resource.Name, resource.Kind, resource.Namespaced);
    }

    private async Task<IReadOnlyList<ApiResource>> ResourcesAsync(string groupVersion, CancellationToken cancellation)
    {
        if (!_groupVersions.TryGetValue(groupVersion, out var list))
        {
            var path = groupVersion.Contains('/', StringComparison.Ordinal) ? $"apis/{groupVersion}" : $"api/{groupVersion}";
            try
            {
                list = await _client.CallAsync(new(HttpMethod.Get, path, true), KubeJson.TypeInfo<ApiResourceList>(), cancellation).ConfigureAwait(false);
            }
            catch (KubeApiException e) when (e.IsNotFound)
            {
                return [];
            }

            _groupVersions[groupVersion] = list;
        }

        return list.Resources;
    }

    private async Task<IReadOnlyList<string>> GroupVersionsAsync(CancellationToken cancellation)
    {
        if (_known is { } known)
        {
            return known;
        }

        var core = await _client.CallAsync(new(HttpMethod.Get, "api", true), KubeJson.TypeInfo<ApiVersions>(), cancellation).ConfigureAwait(false);
        var groups = await _client.CallAsync(new(HttpMethod.Get, "apis", true), KubeJson.TypeInfo<ApiGroupList>(), cancellation).ConfigureAwait(false);
        IReadOnlyList<string> all =
        [
            .. core.Versions,
            .. groups.Groups.OrderBy(g => g.Name == "apps" ? 0 : 1).SelectMany(g =>
                g.Versions.Select(v => v.GroupVersion).OrderBy(v => v == g.PreferredVersion?.GroupVersion ? 0 : 1)),
        ];
        _known = all;
        return all;
    }
}
