using System.Net;
using Waggle.Linux;
using Waggle.Netlink;

namespace Waggle.Bench.Network;

/// <summary>A pod's end of a veth pair whose other end is on a node: what every rig has in common.</summary>
internal static class PodSpec
{
    /// <summary>Makes the pair, with <c>eth0</c> up inside the pod, its address and a default route.</summary>
    internal static async Task<Link> CreateAsync(Rtnl node, string device, NetworkNamespace pod, IPAddress address, int prefix, MacAddress? hostMac = null, MacAddress? podMac = null)
    {
        var link = await node.Links.CreateAsync(
            new VethSpec(device, "eth0") { PeerNamespace = pod, Up = true, PeerUp = true, Address = hostMac, PeerAddress = podMac }).ConfigureAwait(false);
        await using var inside = Rtnl.Open(pod);
        var eth = await inside.Links.GetAsync("eth0").ConfigureAwait(false);
        // Neighbour discovery and MLD of the pods would be in the figures.
        Sysctl.Write("net/ipv6/conf/eth0/disable_ipv6", "1", pod);
        await inside.Links.SetUpAsync(eth.Index).ConfigureAwait(false);
        await inside.Addresses.EnsureAsync(new InterfaceAddress(eth.Index, address, prefix)).ConfigureAwait(false);
        await inside.Routes.EnsureAsync(new Route(new IPNetwork(IPAddress.Any, 0)) { LinkIndex = eth.Index, Scope = RouteScope.Link }).ConfigureAwait(false);
        return link;
    }
}
