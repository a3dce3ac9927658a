using System.Net;
using Waggle.Linux;
using Waggle.Netlink;

namespace Waggle.Bench.Network;

/// <summary>What the kernel does by itself, built with the same netlink library: the paths that Waggle is compared with.</summary>
public static class Baselines
{
    private static readonly IPAddress Left = IPAddress.Parse("10.250.0.1");
    private static readonly IPAddress Right = IPAddress.Parse("10.250.0.2");

    /// <summary>One veth pair between two namespaces: the limit of any veth-based pod network.</summary>
    public static async Task<ITrafficPath> VethPairAsync(string program)
    {
        var (a, b) = (NetworkNamespace.Create(), NetworkNamespace.Create());
        await using var left = Rtnl.Open(a);
        var link = await left.Links.CreateAsync(new VethSpec("eth0", "eth0") { PeerNamespace = b, Up = true }).ConfigureAwait(false);
        await left.Addresses.EnsureAsync(new InterfaceAddress(link.Index, Left, 24)).ConfigureAwait(false);
        await AddressAsync(b, Right).ConfigureAwait(false);
        return await NamespacePath.StartAsync("veth pair", a, b, Right, program, [a, b]).ConfigureAwait(false);
    }

    /// <summary>Two pods' veths on a Linux bridge, as the bridge CNI plugin makes them.</summary>
    public static async Task<ITrafficPath> BridgeAsync(string program)
    {
        var (node, a, b) = (NetworkNamespace.Create(), NetworkNamespace.Create(), NetworkNamespace.Create());
        await using var rtnl = Rtnl.Open(node);
        var bridge = await rtnl.Links.CreateAsync(new BridgeSpec("br0") { Up = true }).ConfigureAwait(false);
        await PodAsync(rtnl, bridge.Index, "a", a, Left, 1500).ConfigureAwait(false);
        await PodAsync(rtnl, bridge.Index, "b", b, Right, 1500).ConfigureAwait(false);
        return await NamespacePath.StartAsync("veth + bridge", a, b, Right, program, [a, b, node]).ConfigureAwait(false);
    }

    /// <summary>Two nodes on an underlay bridge; in each a pod on a bridge with a kernel VXLAN port.</summary>
    public static async Task<ITrafficPath> BridgeVxlanAsync(string program)
    {
        var (underlay, one, two, a, b) = (NetworkNamespace.Create(), NetworkNamespace.Create(), NetworkNamespace.Create(), NetworkNamespace.Create(), NetworkNamespace.Create());
        await using var rtnl = Rtnl.Open(underlay);
        var bridge = await rtnl.Links.CreateAsync(new BridgeSpec("br0") { Up = true }).ConfigureAwait(false);
        await PodAsync(rtnl, bridge.Index, "n1", one, IPAddress.Parse("172.31.0.1"), 1500).ConfigureAwait(false);
        await PodAsync(rtnl, bridge.Index, "n2", two, IPAddress.Parse("172.31.0.2"), 1500).ConfigureAwait(false);
        await VxlanNodeAsync(one, "172.31.0.1", "172.31.0.2", a, Left).ConfigureAwait(false);
        await VxlanNodeAsync(two, "172.31.0.2", "172.31.0.1", b, Right).ConfigureAwait(false);
        return await NamespacePath.StartAsync("bridge + kernel VXLAN", a, b, Right, program, [a, b, one, two, underlay]).ConfigureAwait(false);
    }

    private static async Task VxlanNodeAsync(NetworkNamespace node, string local, string remote, NetworkNamespace pod, IPAddress address)
    {
        await using var rtnl = Rtnl.Open(node);
        var bridge = await rtnl.Links.CreateAsync(new BridgeSpec("br0") { Up = true }).ConfigureAwait(false);
        var tunnel = await rtnl.Links.CreateAsync(new VxlanSpec("vx0")
        {
            Up = true,
            Settings = new VxlanSettings { Vni = 42, Port = 8472, Local = IPAddress.Parse(local), Group = IPAddress.Parse(remote) },
        }).ConfigureAwait(false);
        await rtnl.Links.SetAsync(tunnel.Index, new LinkChange { MasterIndex = bridge.Index }).ConfigureAwait(false);
        await PodAsync(rtnl, bridge.Index, "pod", pod, address, 1450).ConfigureAwait(false);
    }

    private static async Task PodAsync(Rtnl node, int bridge, string name, NetworkNamespace pod, IPAddress address, uint mtu)
    {
        var port = await node.Links.CreateAsync(new VethSpec(name, "eth0") { PeerNamespace = pod, Up = true, Mtu = mtu, PeerMtu = mtu }).ConfigureAwait(false);
        await node.Links.SetAsync(port.Index, new LinkChange { MasterIndex = bridge }).ConfigureAwait(false);
        await AddressAsync(pod, address).ConfigureAwait(false);
    }

    private static async Task AddressAsync(NetworkNamespace pod, IPAddress address)
    {
        await using var rtnl = Rtnl.Open(pod);
        var link = await rtnl.Links.GetAsync("eth0").ConfigureAwait(false);
        await rtnl.Links.SetUpAsync(link.Index).ConfigureAwait(false);
        await rtnl.Addresses.EnsureAsync(new InterfaceAddress(link.Index, address, 24)).ConfigureAwait(false);
    }
}
