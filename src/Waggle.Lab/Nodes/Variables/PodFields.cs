using System.Globalization;
using Waggle.Kube.Resources;

namespace Waggle.Lab.Nodes.Variables;

/// <summary>A pod's addresses once its network is there; empty before.</summary>
/// <param name="PodIps">The pod's, the preferred family first.</param>
/// <param name="HostIps">The node's.</param>
internal sealed record PodAddresses(IReadOnlyList<string> PodIps, IReadOnlyList<string> HostIps);

/// <summary>What <c>fieldRef</c> and <c>resourceFieldRef</c> name (the downward API).</summary>
internal static class PodFields
{
    /// <exception cref="ReferenceException">There is no such field.</exception>
    public static string Value(Pod pod, PodAddresses addresses, string path) => path switch
    {
        "metadata.name" => pod.Metadata.Name ?? "",
        "metadata.namespace" => pod.Metadata.Namespace ?? "",
        "metadata.uid" => pod.Metadata.Uid ?? "",
        "metadata.labels" => Lines(pod.Metadata.Labels),
        "metadata.annotations" => Lines(pod.Metadata.Annotations),
        "spec.nodeName" => pod.Spec.NodeName ?? "",
        "spec.serviceAccountName" => pod.Spec.ServiceAccountName ?? "default",
        "status.podIP" => addresses.PodIps.FirstOrDefault() ?? "",
        "status.podIPs" => string.Join(',', addresses.PodIps),
        "status.hostIP" => addresses.HostIps.FirstOrDefault() ?? "",
        "status.hostIPs" => string.Join(',', addresses.HostIps),
        _ => Subscript(path, "metadata.labels", pod.Metadata.Labels) ?? Subscript(path, "metadata.annotations", pod.Metadata.Annotations)
            ?? throw new ReferenceException($"the pod has no field \"{path}\" that a container can refer to"),
    };

    /// <exception cref="ReferenceException">No such container or resource.</exception>
    public static string Resource(Pod pod, string? ownContainer, ResourceFieldSelector selector)
    {
        string name = selector.ContainerName ?? ownContainer ?? "";
        Container container = pod.Spec.Containers.Concat(pod.Spec.InitContainers).FirstOrDefault(c => c.Name == name)
            ?? throw new ReferenceException($"container \"{name}\" of resourceFieldRef not found");
        string[] parts = selector.Resource.Split('.', 2);
        if (parts.Length != 2 || parts[0] is not ("limits" or "requests"))
            throw new ReferenceException($"resourceFieldRef names the unknown resource \"{selector.Resource}\"");
        IReadOnlyDictionary<string, string>? limits = container.Resources?.Limits, requests = container.Resources?.Requests;
        string? text = parts[0] == "limits" ? limits?.GetValueOrDefault(parts[1]) : requests?.GetValueOrDefault(parts[1]) ?? limits?.GetValueOrDefault(parts[1]);
        // Without a limit a container may use the node: that is its limit.
        decimal value = Quantity.Parse(text) ?? (parts[0] == "requests" ? 0 : parts[1] switch
        {
            "cpu" => Environment.ProcessorCount,
            "memory" => GC.GetGCMemoryInfo().TotalAvailableMemoryBytes,
            _ => 0,
        });
        decimal divisor = Quantity.Parse(selector.Divisor) is > 0 and { } given ? given : 1;
        return Math.Ceiling(value / divisor).ToString("0", CultureInfo.InvariantCulture);
    }

    private static string? Subscript(string path, string map, IReadOnlyDictionary<string, string> values) =>
        path.StartsWith(map + "['", StringComparison.Ordinal) && path.EndsWith("']", StringComparison.Ordinal)
            ? values.GetValueOrDefault(path[(map.Length + 2)..^2]) ?? ""
            : null;

    private static string Lines(IReadOnlyDictionary<string, string> values) =>
        string.Join('\n', values.OrderBy(pair => pair.Key, StringComparer.Ordinal).Select(pair => $"{pair.Key}=\"{Escape(pair.Value)}\""));

    private static string Escape(string value) =>
        value.Replace("\\", "\\\\", StringComparison.Ordinal).Replace("\"", "\\\"", StringComparison.Ordinal).Replace("\n", "\\n", StringComparison.Ordinal);
}

/// <summary>A container or volume refers to something that does not exist (yet). Tried again later.</summary>
internal sealed class ReferenceException(string message) : Exception(message);
