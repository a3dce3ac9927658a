using System.Globalization;
using System.Net;
using Waggle.Linux;
using Waggle.Netlink;

namespace Waggle.Lab.Cluster;

/// <summary>
/// The network between the nodes: a bridge in a namespace of its own, held by a descriptor only, so that it is gone with the daemon.
/// The machine's own namespace gets no interface, address or route.
/// </summary>
internal sealed class Underlay : IAsyncDisposable
{
    private readonly NetworkNamespace _namespace;
    private readonly Rtnl _rtnl;
    private readonly int _bridge;
    private readonly LabFamilies _families;

    private Underlay(NetworkNamespace @namespace, Rtnl rtnl, int bridge, LabFamilies families) =>
        (_namespace, _rtnl, _bridge, _families) = (@namespace, rtnl, bridge, families);

    private bool V4 => _families != LabFamilies.IPv6;

    private bool V6 => _families != LabFamilies.IPv4;

    public static async Task<Underlay> CreateAsync(LabFamilies families, CancellationToken cancellation)
    {
        var space = NetworkNamespace.Create();
        var rtnl = Rtnl.Open(space);
        await rtnl.Links.SetLoopbackUpAsync(cancellation).ConfigureAwait(false);
        // Node-to-node multicast is unicast copies here; snooping would only lose IPv6 neighbour discovery without a querier.
        var bridge = await rtnl.Links.CreateAsync(new BridgeSpec("underlay") { Up = true, Settings = new BridgeSettings { MulticastSnooping = false } }, cancellation).ConfigureAwait(false);
        var underlay = new Underlay(space, rtnl, bridge.Index, families);
        await underlay.AddressAsync(rtnl, bridge.Index, LabAddresses.GatewayV4, LabAddresses.GatewayV6, cancellation).ConfigureAwait(false);
        return underlay;
    }

    /// <summary>Plugs a node in: a veth to the bridge, <c>eth0</c> with the node's addresses, and the default routes.</summary>
    public async Task ConnectAsync(int index, NetworkNamespace node, CancellationToken cancellation)
    {
        var name = string.Create(CultureInfo.InvariantCulture, $"node{index}");
        var port = await _rtnl.Links.CreateAsync(new VethSpec(name, "eth0") { PeerNamespace = node, Up = true }, cancellation).ConfigureAwait(false);
        await _rtnl.Links.SetAsync(port.Index, new LinkChange { MasterIndex = _bridge }, cancellation).ConfigureAwait(false);

        await using var inside = Rtnl.Open(node);
        await inside.Links.SetLoopbackUpAsync(cancellation).ConfigureAwait(false);
        var uplink = await inside.Links.GetAsync("eth0", cancellation).ConfigureAwait(false);
        await inside.Links.SetUpAsync(uplink.Index, true, cancellation).ConfigureAwait(false);
        await AddressAsync(inside, uplink.Index, LabAddresses.NodeV4(index), LabAddresses.NodeV6(index), cancellation).ConfigureAwait(false);
        if (V4)
        {
            await inside.Routes.EnsureAsync(new Route(IPNetwork.Parse("0.0.0.0/0")) { Gateway = LabAddresses.GatewayV4, LinkIndex = uplink.Index }, cancellation).ConfigureAwait(false);
        }

        if (V6)
        {
            await inside.Routes.EnsureAsync(new Route(IPNetwork.Parse("::/0")) { Gateway = LabAddresses.GatewayV6, LinkIndex = uplink.Index }, cancellation).ConfigureAwait(false);
        }
    }

    private async Task AddressAsync(Rtnl rtnl, int link, IPAddress v4, IPAddress v6, CancellationToken cancellation)
    {
        if (V4)
        {
            await rtnl.Addresses.EnsureAsync(new InterfaceAddress(link, v4, LabAddresses.UnderlayPrefixV4), cancellation).ConfigureAwait(false);
        }

        if (V6)
        {
            // Nobody else is on this wire: duplicate address detection would only delay the start by seconds.
            await rtnl.Addresses.EnsureAsync(new InterfaceAddress(link, v6, LabAddresses.UnderlayPrefixV6) { Flags = AddressFlags.NoDuplicateDetection }, cancellation).ConfigureAwait(false);
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _rtnl.DisposeAsync().ConfigureAwait(false);
        _namespace.Dispose();
    }
}
