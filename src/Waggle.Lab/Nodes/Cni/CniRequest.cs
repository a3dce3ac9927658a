namespace Waggle.Lab.Nodes.Cni;

/// <summary>A pod's attachment to the network.</summary>
/// <param name="Sandbox">CNI_CONTAINERID; also names the network namespace.</param>
/// <param name="NetworkNamespace">CNI_NETNS, as the node sees it.</param>
/// <param name="Namespace">The pod's namespace.</param>
/// <param name="Pod">The pod's name.</param>
/// <param name="Uid">The pod's uid.</param>
internal sealed record CniRequest(string Sandbox, string NetworkNamespace, string Namespace, string Pod, string Uid)
{
    /// <summary>Ports of the node to map, for plugins that declare the capability.</summary>
    public IReadOnlyList<CniPortMapping> Ports { get; init; } = [];
}

internal sealed record CniPortMapping(int HostPort, int ContainerPort, string Protocol, string? HostIp);

/// <summary>A plugin refused or failed.</summary>
internal sealed class CniException(string message) : Exception(message);
