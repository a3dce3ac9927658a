namespace Waggle.Lab.ApiServer;

/// <summary>Everything that is served at one moment: built-in resources and those of established CRDs. Immutable; replaced when a CRD changes.</summary>
internal sealed class ApiSurface
{
    private readonly Dictionary<(string Group, string Version, string Plural), ResourceDefinition> _byPath = [];
    private readonly Dictionary<(string Group, string Kind), ResourceDefinition> _byKind = [];

    public ApiSurface(SchemaLibrary library, IEnumerable<ResourceDefinition> custom)
    {
        Library = library;
        Resources = [.. library.Resources, .. custom];
        foreach (var resource in Resources)
        {
            _byPath[(resource.Group, resource.Version, resource.Plural)] = resource;
            _byKind.TryAdd((resource.Group, resource.Kind), resource);
        }
        Groups = [.. Resources.GroupBy(r => r.Group).Select(g => new ApiGroup(g.Key, [.. g.GroupBy(r => r.Version).OrderByDescending(v => VersionOrder(v.Key)).Select(v => new ApiGroupVersion(g.Key, v.Key, [.. v.OrderBy(r => r.Plural, StringComparer.Ordinal)]))]))];
        Etag = Convert.ToHexStringLower(System.Security.Cryptography.SHA256.HashData(System.Text.Encoding.UTF8.GetBytes(string.Join('\n', Resources.Select(r => $"{r.ApiVersion}/{r.Plural}/{r.Kind}/{r.Namespaced}/{string.Join(',', r.ShortNames)}/{string.Join(',', r.Categories)}/{string.Join(',', r.Subresources)}/{r.Schema.Source?.ToJsonString(JsonText.NodeOptions)}")))));
    }

    public SchemaLibrary Library { get; }

    public IReadOnlyList<ResourceDefinition> Resources { get; }

    public IReadOnlyList<ApiGroup> Groups { get; }

    /// <summary>Changes whenever anything that is served changes.</summary>
    public string Etag { get; }

    /// <summary>Derived documents (discovery, OpenAPI), made on first use.</summary>
    public System.Collections.Concurrent.ConcurrentDictionary<string, byte[]> Documents { get; } = new();

    public ResourceDefinition? Find(string group, string version, string plural) => _byPath.GetValueOrDefault((group, version, plural));

    public ResourceDefinition? FindKind(string group, string kind) => _byKind.GetValueOrDefault((group, kind));

    /// <summary>v1 before v1beta1 before v1alpha1 before anything else.</summary>
    public static (int, int, int) VersionOrder(string version)
    {
        var match = System.Text.RegularExpressions.Regex.Match(version, @"^v(\d{1,6})(?:(alpha|beta)(\d{1,6}))?$");
        if (!match.Success)
        {
            return (0, 0, 0);
        }
        var stability = match.Groups[2].Value switch { "" => 3, "beta" => 2, _ => 1 };
        return (stability, Number(match.Groups[1].Value), Number(match.Groups[3].Value));
    }

    private static int Number(string digits) => digits.Length == 0 ? 0 : int.Parse(digits, System.Globalization.CultureInfo.InvariantCulture);
}

internal sealed record ApiGroup(string Name, IReadOnlyList<ApiGroupVersion> Versions);

internal sealed record ApiGroupVersion(string Group, string Version, IReadOnlyList<ResourceDefinition> Resources)
{
    public string Name => Group.Length == 0 ? Version : $"{Group}/{Version}";
}
