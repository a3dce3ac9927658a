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

    /// <summary>Makes the pair. What a call that was cut off left under the same name is removed first.</summary>
    public async Task<Wire> CreateAsync(string device, NetworkNamespace pod, Plan plan, CancellationToken cancellation)
    {
        MacAddress hostMac = MacAddress.Random(), podMac = MacAddress.Random();
        // The peer is made inside the pod: it never appears on the node, and its name cannot collide there.
        var spec = new VethSpec(device, plan.IfName) { Mtu = (uint)plan.DeviceMtu, Address = hostMac, Up = true, PeerNamespace = pod, PeerMtu = (uint)plan.DeviceMtu, PeerAddress = podMac, PeerUp = false };
        Task<Rtnl> opened = Task.Run(() => Rtnl.Open(pod), cancellation);
        Link link;
        try
        {
            link = await host.Links.CreateAsync(spec, cancellation).ConfigureAwait(false);
        }
        catch (NetlinkException e) when (e.Errno == Errno.EEXIST)
        {
            await host.Links.DeleteAsync(device, cancellation).ConfigureAwait(false);
            link = await host.Links.CreateAsync(spec, cancellation).ConfigureAwait(false);
        }

        await using (Rtnl inside = await opened.ConfigureAwait(false))
        {
            await ConfigureInsideAsync(inside, pod, plan, cancellation).ConfigureAwait(false);
        }

        // Forwarding is inherited from what NodeDevices set for new devices; writing it here would spin on the kernel's configuration lock.
        Sysctl.Write($"net/ipv4/conf/{device}/rp_filter", "0");
        return new Wire(device, link.Index, hostMac, podMac);
    }

    public Task<Link?> FindAsync(string device, CancellationToken cancellation) => host.Links.FindAsync(device, cancellation);

    public Task DeleteAsync(string device, CancellationToken cancellation) => host.Links.DeleteAsync(device, cancellation);

    private static async Task ConfigureInsideAsync(Rtnl inside, NetworkNamespace pod, Plan plan, CancellationToken cancellation)
    {
        Task loopback = inside.Links.SetLoopbackUpAsync(cancellation);
        Link eth = await inside.Links.GetAsync(plan.IfName, cancellation).ConfigureAwait(false);
        if (plan.Ipv6 is not null)
        {
            PrepareIpv6(pod, plan.IfName);
        }

        // All requests are sent before the first answer is read: the kernel has done them in this order by then. Without IPv6 in the
        // cluster the device gets no link-local address: the pod would only send router and listener messages that are dropped.
        var requests = new List<Task>
        {
            loopback, inside.Links.SetAsync(eth.Index, new LinkChange { Up = true, Ipv6AddressGeneration = plan.Ipv6 is null ? Ipv6AddressGeneration.None : null }, cancellation),
        };
        foreach ((IPAddress? address, IPAddress? router) in new[] { (plan.Ipv4, plan.Router4), (plan.Ipv6, plan.Router6) })
        {
            if (address is null || router is null)
            {
                continue;
            }

            bool v4 = address.AddressFamily == AddressFamily.InterNetwork;
            requests.Add(inside.Addresses.EnsureAsync(new InterfaceAddress(eth.Index, address, v4 ? 32 : 128) { Flags = v4 ? AddressFlags.None : AddressFlags.NoDuplicateDetection }, cancellation));
            requests.Add(inside.Routes.EnsureAsync(new Route(new IPNetwork(router, v4 ? 32 : 128)) { LinkIndex = eth.Index, Scope = v4 ? RouteScope.Link : null }, cancellation));
            requests.Add(inside.Routes.EnsureAsync(
                new Route(new IPNetwork(v4 ? IPAddress.Any : IPAddress.IPv6Any, 0)) { Gateway = router, LinkIndex = eth.Index, Mtu = plan.RouteMtu == plan.DeviceMtu ? null : (uint)plan.RouteMtu }, cancellation));
        }

        await Task.WhenAll(requests).ConfigureAwait(false);
    }

    private static void PrepareIpv6(NetworkNamespace pod, string device) => pod.Run(() =>
    {
        // Some runtimes make namespaces without IPv6. Written only where needed: the write waits for the kernel's configuration lock.
        if (Sysctl.Read($"net/ipv6/conf/{device}/disable_ipv6") != "0")
        {
            Sysctl.Write($"net/ipv6/conf/{device}/disable_ipv6", "0");
        }

        // Nobody else is on this link: the link-local address may be used at once (MLD reports need it).
        Sysctl.Write($"net/ipv6/conf/{device}/accept_dad", "0");
        Sysctl.Write($"net/ipv6/conf/{device}/accept_ra", "0");
    });
}
