using System.Net.Sockets;
using Waggle.Hosting.Metrics;

namespace Waggle.Agent.Ipam;

/// <summary>Addresses of this node's prefixes: in all and in use.</summary>
internal sealed class IpamMetrics(PodAddresses addresses) : IMetricsSource
{
    public void Write(MetricsWriter writer)
    {
        (int used4, int size4) = addresses.Usage(AddressFamily.InterNetwork);
        (int used6, int size6) = addresses.Usage(AddressFamily.InterNetworkV6);
        writer.Family("cilium_ip_addresses", "gauge", "Addresses in use.").Sample(used4, ("family", "ipv4")).Sample(used6, ("family", "ipv6"));
        writer.Family("cilium_ipam_capacity", "gauge", "Addresses that this node's prefixes have for pods.").Sample(size4, ("family", "ipv4")).Sample(size6, ("family", "ipv6"));
    }
}
