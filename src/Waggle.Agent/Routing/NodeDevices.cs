using System.Net;
using System.Net.Sockets;
using Waggle.Agent.Nodes;
using Waggle.Hosting.Config;
using Waggle.Linux;
using Waggle.Netlink;

namespace Waggle.Agent.Routing;

/// <summary>The node's own devices: <c>cilium_host</c>/<c>cilium_net</c> (the node inside its pods' network) and <c>cilium_vxlan</c>.</summary>
/// <remarks>Devices that exist are adopted as they are: removing one would break connections that go through it.</remarks>
internal sealed class NodeDevices(Rtnl netlink)
{
    public const string Host = "cilium_host", Net = "cilium_net", Overlay = "cilium_vxlan";

    /// <summary>Bytes that VXLAN adds: outer IP (20 or 40), UDP 8, VXLAN 8, inner Ethernet 14.</summary>
    public const int TunnelOverhead4 = 50, TunnelOverhead6 = 70;

    public bool Tunnel { get; private set; }

    public bool DirectRoutes { get; private set; }

    public int HostIndex { get; private set; }

    public MacAddress HostMac { get; private set; }

    /// <summary>0 without a tunnel.</summary>
    public int OverlayIndex { get; private set; }

    public int UplinkIndex { get; private set; }

    public IPAddress? Router4 { get; private set; }

    public IPAddress? Router6 { get; private set; }

    /// <summary>MTU of pods' devices: what the network between nodes carries.</summary>
    public int DeviceMtu { get; private set; }

    /// <summary>MTU of pods' routes: what reaches other nodes in one piece.</summary>
    public int RouteMtu { get; private set; }

    /// <summary>Makes or adopts the devices, gives them addresses and switches forwarding on.</summary>
    public async Task EnsureAsync(LocalNode node, WaggleConfig config, CancellationToken cancellation)
    {
        (Tunnel, DirectRoutes, UplinkIndex, Router4, Router6) = (config.Tunnel, config.Flag("auto-direct-node-routes"), node.UplinkIndex, node.Router4, node.Router6);
        DeviceMtu = config.Number("mtu") is var mtu and > 0 ? mtu : node.UnderlayMtu;
        RouteMtu = Tunnel ? DeviceMtu - (node.Ipv4 is null ? TunnelOverhead6 : TunnelOverhead4) : DeviceMtu;

        Link host = await netlink.Links.EnsureAsync(new VethSpec(Host, Net) { Mtu = (uint)DeviceMtu, PeerMtu = (uint)DeviceMtu }, cancellation).ConfigureAwait(false);
        Link net = await netlink.Links.GetAsync(Net, cancellation).ConfigureAwait(false);
        foreach (Link link in new[] { host, net })
        {
            await netlink.Links.SetAsync(link.Index, new LinkChange { Mtu = (uint)DeviceMtu, Arp = false, Up = true }, cancellation).ConfigureAwait(false);
        }

        (HostIndex, HostMac) = (host.Index, host.Address ?? default);
        foreach (IPAddress router in new[] { Router4, Router6 }.OfType<IPAddress>())
        {
            bool v4 = router.AddressFamily == AddressFamily.InterNetwork;
            await netlink.Addresses.EnsureAsync(
                new InterfaceAddress(host.Index, router, v4 ? 32 : 128) { Scope = v4 ? RouteScope.Link : RouteScope.Universe, Flags = v4 ? AddressFlags.None : AddressFlags.NoDuplicateDetection }, cancellation).ConfigureAwait(false);
        }

        await RemoveOldRoutersAsync(host.Index, cancellation).ConfigureAwait(false);
        if (Tunnel)
        {
            var settings = new VxlanSettings { External = true, Port = (ushort)config.Number("tunnel-port"), Learning = false, ZeroChecksum6Transmit = true, ZeroChecksum6Receive = true };
            Link overlay = await netlink.Links.EnsureAsync(new VxlanSpec(Overlay) { Settings = settings, Mtu = (uint)DeviceMtu }, cancellation).ConfigureAwait(false);
            await netlink.Links.SetAsync(overlay.Index, new LinkChange { Mtu = (uint)DeviceMtu, Up = true }, cancellation).ConfigureAwait(false);
            OverlayIndex = overlay.Index;
        }
        else
        {
            await netlink.Links.DeleteAsync(Overlay, cancellation).ConfigureAwait(false);
        }

        Sysctl.WriteAll(Sysctls(config).Where(s => Sysctl.Exists(s.Key)).ToArray());
    }

    /// <summary>A router address from an earlier prefix would attract packets of a pod elsewhere.</summary>
    private async Task RemoveOldRoutersAsync(int host, CancellationToken cancellation)
    {
        foreach (InterfaceAddress address in await netlink.Addresses.ListAsync(host, cancellation: cancellation).ConfigureAwait(false))
        {
            if (!address.Address.IsIPv6LinkLocal && !address.Address.Equals(Router4) && !address.Address.Equals(Router6))
            {
                await netlink.Addresses.DeleteAsync(address, cancellation).ConfigureAwait(false);
            }
        }
    }

    private IEnumerable<KeyValuePair<string, string>> Sysctls(WaggleConfig config)
    {
        // The kernel takes the larger of "all" and the device's own; replies of pods arrive on other devices than their route says.
        foreach (string device in new[] { "all", Host, Net, Overlay })
        {
            if (device != Overlay || Tunnel)
            {
                yield return KeyValuePair.Create($"net/ipv4/conf/{device}/rp_filter", "0");
            }
        }

        if (config.Ipv4)
        {
            yield return KeyValuePair.Create("net/ipv4/ip_forward", "1");
            yield return KeyValuePair.Create($"net/ipv4/conf/{Host}/forwarding", "1");
            yield return KeyValuePair.Create($"net/ipv4/conf/{Net}/forwarding", "1");
            yield return KeyValuePair.Create($"net/ipv4/conf/{Host}/accept_local", "1");
        }

        if (config.Ipv6)
        {
            yield return KeyValuePair.Create("net/ipv6/conf/all/disable_ipv6", "0");
            yield return KeyValuePair.Create("net/ipv6/conf/all/forwarding", "1");
        }
    }
}
