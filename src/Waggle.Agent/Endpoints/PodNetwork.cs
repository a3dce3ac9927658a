using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Text;
using Waggle.Linux;
using Waggle.Netlink;

namespace Waggle.Agent.Endpoints;

/// <summary>The wire of a pod: a veth pair, and inside the pod addresses and routes.</summary>
internal sealed class PodNetwork(Rtnl host)
{
    /// <summary>What to set up inside the pod.</summary>
    /// <param name="DeviceMtu">MTU of the device: what stays on this node in one piece.</param>
    /// <param name="RouteMtu">MTU of the default routes: what reaches other nodes.</param>
    public sealed record Plan(string IfName, IPAddress? Ipv4, IPAddress? Ipv6, IPAddress? Router4, IPAddress? Router6, int DeviceMtu, int RouteMtu);

    public sealed record Wire(string HostDevice, int HostIfindex, MacAddress HostMac, MacAddress PodMac);

    /// <summary>The host side's name: the same for every repetition of a call, at most 15 characters.</summary>
    public static string DeviceName(string containerId, string ifName) =>
        "lxc" + Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes($"{containerId}/{ifName}")).AsSpan(0, 6));

    /// <summary>Makes the pair. What a call that was cut off left under the same names is removed first.</summary>
    public async Task<Wire> CreateAsync(string device, NetworkNamespace pod, Plan plan, CancellationToken cancellation)
    {
        await host.Links.DeleteAsync(device, cancellation).ConfigureAwait(false);
        MacAddress hostMac = MacAddress.Random(), podMac = MacAddress.Random();
        await using Rtnl inside = Rtnl.Open(pod);
        // The peer is made inside the pod: it never appears on the node, and its name cannot collide there.
        Link link = await host.Links.CreateAsync(
            new VethSpec(device, plan.IfName) { Mtu = (uint)plan.DeviceMtu, Address = hostMac, Up = true, PeerNamespace = pod, PeerMtu = (uint)plan.DeviceMtu, PeerAddress = podMac, PeerUp = false },
            cancellation).ConfigureAwait(false);
        await ConfigureInsideAsync(inside, pod, plan, cancellation).ConfigureAwait(false);
        Sysctl.WriteAll(HostSysctls(device, plan.Ipv6 is not null).Where(s => Sysctl.Exists(s.Key)).ToArray());
        return new Wire(device, link.Index, hostMac, podMac);
    }

    public Task<Link?> FindAsync(string device, CancellationToken cancellation) => host.Links.FindAsync(device, cancellation);

    public Task DeleteAsync(string device, CancellationToken cancellation) => host.Links.DeleteAsync(device, cancellation);

    private static async Task ConfigureInsideAsync(Rtnl inside, NetworkNamespace pod, Plan plan, CancellationToken cancellation)
    {
        Sysctl.WriteAll([.. PodSysctls(plan)], pod);
        Link eth = await inside.Links.GetAsync(plan.IfName, cancellation).ConfigureAwait(false);
        await inside.Links.SetLoopbackUpAsync(cancellation).ConfigureAwait(false);
        await inside.Links.SetUpAsync(eth.Index, true, cancellation).ConfigureAwait(false);
        foreach ((IPAddress? address, IPAddress? router) in new[] { (plan.Ipv4, plan.Router4), (plan.Ipv6, plan.Router6) })
        {
            if (address is null || router is null)
            {
                continue;
            }

            bool v4 = address.AddressFamily == AddressFamily.InterNetwork;
            await inside.Addresses.EnsureAsync(new InterfaceAddress(eth.Index, address, v4 ? 32 : 128) { Flags = v4 ? AddressFlags.None : AddressFlags.NoDuplicateDetection }, cancellation).ConfigureAwait(false);
            await inside.Routes.EnsureAsync(new Route(new IPNetwork(router, v4 ? 32 : 128)) { LinkIndex = eth.Index, Scope = v4 ? RouteScope.Link : null }, cancellation).ConfigureAwait(false);
            await inside.Routes.EnsureAsync(
                new Route(new IPNetwork(v4 ? IPAddress.Any : IPAddress.IPv6Any, 0)) { Gateway = router, LinkIndex = eth.Index, Mtu = plan.RouteMtu == plan.DeviceMtu ? null : (uint)plan.RouteMtu }, cancellation).ConfigureAwait(false);
        }
    }

    private static IEnumerable<KeyValuePair<string, string>> PodSysctls(Plan plan)
    {
        if (plan.Ipv6 is null)
        {
            // Without IPv6 in the cluster the pod would only send router and listener messages that are dropped.
            return [KeyValuePair.Create($"net/ipv6/conf/{plan.IfName}/disable_ipv6", "1")];
        }

        return
        [
            KeyValuePair.Create($"net/ipv6/conf/{plan.IfName}/disable_ipv6", "0"),
            // Nobody else is on this link: the link-local address may be used at once (MLD reports need it).
            KeyValuePair.Create($"net/ipv6/conf/{plan.IfName}/accept_dad", "0"),
            KeyValuePair.Create($"net/ipv6/conf/{plan.IfName}/accept_ra", "0"),
        ];
    }

    private static IEnumerable<KeyValuePair<string, string>> HostSysctls(string device, bool ipv6)
    {
        yield return KeyValuePair.Create($"net/ipv4/conf/{device}/rp_filter", "0");
        yield return KeyValuePair.Create($"net/ipv4/conf/{device}/forwarding", "1");
        if (ipv6)
        {
            yield return KeyValuePair.Create($"net/ipv6/conf/{device}/forwarding", "1");
        }
    }
}
