using System.Text;
using Waggle.Kube.Resources;
using Waggle.Lab.Nodes.Variables;

namespace Waggle.Lab.Nodes.Volumes;

/// <summary>The files of ConfigMap, Secret, downward API and projected volumes.</summary>
internal sealed class VolumeContent(NodeObjects objects, TokenIssuer tokens)
{
    private const int DefaultMode = 0x1a4; // 0644

    /// <exception cref="ReferenceException">Something the volume needs does not exist (yet).</exception>
    public async Task<IReadOnlyList<VolumeFile>> FilesAsync(Pod pod, Volume volume, PodAddresses addresses, CancellationToken cancellation)
    {
        string @namespace = pod.Metadata.Namespace ?? "default";
        if (volume.ConfigMap is { } configMap)
            return FromConfigMap(@namespace, configMap, configMap.DefaultMode ?? DefaultMode);
        if (volume.Secret is { } secret)
            return FromSecret(@namespace, secret.SecretName, secret.Items, secret.Optional == true, secret.DefaultMode ?? DefaultMode);
        if (volume.DownwardApi is { } downward)
            return FromFields(pod, downward, addresses, downward.DefaultMode ?? DefaultMode);
        return volume.Projected is { } projected ? await FromSourcesAsync(pod, @namespace, projected, addresses, cancellation).ConfigureAwait(false) : [];
    }

    private async Task<IReadOnlyList<VolumeFile>> FromSourcesAsync(Pod pod, string @namespace, ProjectedVolumeSource projected, PodAddresses addresses, CancellationToken cancellation)
    {
        int mode = projected.DefaultMode ?? DefaultMode;
        List<VolumeFile> files = [];
        foreach (VolumeProjection source in projected.Sources)
        {
            if (source.ServiceAccountToken is { } token)
                files.Add(new VolumeFile(token.Path, Encoding.UTF8.GetBytes(await tokens.GetAsync(pod, token, cancellation).ConfigureAwait(false)), mode));
            if (source.ConfigMap is { } configMap)
                files.AddRange(FromConfigMap(@namespace, configMap, mode));
            if (source.Secret is { } secret)
                files.AddRange(FromSecret(@namespace, secret.Name, secret.Items, secret.Optional == true, mode));
            if (source.DownwardApi is { } downward)
                files.AddRange(FromFields(pod, downward, addresses, mode));
        }
        return files;
    }

    private IReadOnlyList<VolumeFile> FromConfigMap(string @namespace, ConfigMapVolumeSource source, int mode)
    {
        ConfigMap? found = objects.ConfigMap(@namespace, source.Name);
        if (found is null)
            return source.Optional == true ? [] : throw new ReferenceException($"configmap \"{source.Name}\" not found");
        Dictionary<string, byte[]> data = found.Data.ToDictionary(pair => pair.Key, pair => Encoding.UTF8.GetBytes(pair.Value));
        foreach ((string key, string value) in found.BinaryData)
            data[key] = Convert.FromBase64String(value);
        return Select(data, source.Items, mode, $"configmap \"{source.Name}\"", source.Optional == true);
    }

    private IReadOnlyList<VolumeFile> FromSecret(string @namespace, string name, IReadOnlyList<KeyToPath> items, bool optional, int mode)
    {
        Secret? found = objects.Secret(@namespace, name);
        if (found is null)
            return optional ? [] : throw new ReferenceException($"secret \"{name}\" not found");
        return Select(found.Data.ToDictionary(pair => pair.Key, pair => Convert.FromBase64String(pair.Value)), items, mode, $"secret \"{name}\"", optional);
    }

    private static List<VolumeFile> Select(Dictionary<string, byte[]> data, IReadOnlyList<KeyToPath> items, int mode, string owner, bool optional)
    {
        if (items.Count == 0)
            return [.. data.Select(pair => new VolumeFile(pair.Key, pair.Value, mode))];
        List<VolumeFile> files = [];
        foreach (KeyToPath item in items)
        {
            if (data.TryGetValue(item.Key, out byte[]? content))
                files.Add(new VolumeFile(item.Path, content, item.Mode ?? mode));
            else if (!optional)
                throw new ReferenceException($"{owner} has no key \"{item.Key}\"");
        }
        return files;
    }

    private static IReadOnlyList<VolumeFile> FromFields(Pod pod, DownwardApiVolumeSource source, PodAddresses addresses, int mode) =>
        [.. source.Items.Select(item => new VolumeFile(item.Path, Encoding.UTF8.GetBytes(FieldValue(pod, item, addresses)), item.Mode ?? mode))];

    private static string FieldValue(Pod pod, DownwardApiFile item, PodAddresses addresses) =>
        item.FieldRef is { } field ? PodFields.Value(pod, addresses, field.FieldPath)
        : item.ResourceFieldRef is { } resource ? PodFields.Resource(pod, null, resource)
        : "";
}
