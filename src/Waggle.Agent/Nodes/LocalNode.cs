using System.Net;

namespace Waggle.Agent.Nodes;

/// <summary>The node that this agent runs on.</summary>
/// <param name="Ipv4">Address to which other nodes send; null without IPv4.</param>
/// <param name="PodPrefixes">Prefixes of this node's pods.</param>
/// <param name="Router4">Address of the node inside its pods' network: their gateway.</param>
/// <param name="UplinkIndex">Device with the node's address.</param>
/// <param name="UnderlayMtu">MTU between nodes, in bytes.</param>
public sealed record LocalNode(
    string Name, IPAddress? Ipv4, IPAddress? Ipv6, IReadOnlyList<IPNetwork> PodPrefixes, IPAddress? Router4, IPAddress? Router6, string Uplink, int UplinkIndex, int UnderlayMtu)
{
    /// <summary>Address to which tunnels go.</summary>
    public IPAddress? TunnelAddress => Ipv4 ?? Ipv6;
}
