using System.Net;
using Microsoft.Extensions.Logging.Abstractions;
using Waggle.Bpf;
using Waggle.Bpf.Tests.Support;
using Waggle.Datapath.Abi;
using Waggle.Datapath.Attaching;
using Waggle.Datapath.Events;
using Waggle.Datapath.Loading;
using Waggle.Datapath.Tests.Packets.Support;
using Waggle.Linux;
using Waggle.Netlink;

namespace Waggle.Datapath.Tests.Delivery.Support;

/// <summary>
/// A node as the agent makes it: a namespace with uplink, cilium_host and cilium_vxlan, the production programs attached, its own
/// bpffs and maps. The tests play the agent: they write endpoint, ipcache and slot rows.
/// </summary>
internal sealed class TestNode : IDisposable
{
    /// <summary>Slots from here on are other nodes.</summary>
    public const int RemoteSlot = 8000;

    private static readonly BpfFeatures s_features = new();

    private readonly TestBpffs bpffs = new();
    private LoadedDatapath? loaded;

    public TestNode(TestCluster cluster, int number)
    {
        Cluster = cluster;
        Number = number;
        Namespace = NetworkNamespace.Create();
        cluster.Plug(Namespace, "eth0", $"node{number}");
        Shell.Sysctl(Namespace,
            ("net/ipv4/ip_forward", "1"), ("net/ipv6/conf/all/forwarding", "1"), ("net/ipv6/conf/default/accept_dad", "0"),
            ("net/ipv4/conf/all/rp_filter", "0"), ("net/ipv4/conf/default/rp_filter", "0"));
        Shell.Ip(Namespace,
            "link set lo up",
            $"addr add {Address(false)}/16 dev eth0",
            $"addr add {Address(true)}/64 dev eth0 nodad",
            "link set eth0 up",
            "link add cilium_host type veth peer name cilium_net",
            "link set cilium_host up",
            "link set cilium_net up",
            "link add cilium_vxlan type vxlan external dstport 8472",
            "link set cilium_vxlan up",
            $"addr add {Router(false)}/32 dev cilium_host",
            $"addr add {Router(true)}/128 dev cilium_host nodad",
            $"route add default via {TestCluster.World4}",
            $"route add ::/0 via {TestCluster.World6}");
    }

    public TestCluster Cluster { get; }

    public int Number { get; }

    public NetworkNamespace Namespace { get; }

    public List<TestPod> Pods { get; } = [];

    public LoadedDatapath Datapath => loaded ?? throw new InvalidOperationException("not loaded");

    public IPAddress Address(bool ipv6) => IPAddress.Parse(ipv6 ? $"fc00:f853:ccd:e793::{Number}" : $"172.18.0.{Number}");

    public IPAddress Router(bool ipv6) => IPAddress.Parse(ipv6 ? $"fd00::{Number}:1" : $"10.0.{Number}.1");

    /// <summary>Loads the programs and attaches those of the node; again to change the configuration.</summary>
    public void Load(Func<DatapathConfig, DatapathConfig> change)
    {
        var config = change(new DatapathConfig
        {
            IPv4Enabled = true,
            IPv6Enabled = true,
            MulticastEnabled = true,
            MulticastReportRate = 0,
            OverlayIfindex = Shell.Ifindex(Namespace, "cilium_vxlan"),
            HostIfindex = Shell.Ifindex(Namespace, "cilium_host"),
            UplinkIfindex = Shell.Ifindex(Namespace, "eth0"),
            HostMac = new(Shell.MacOf(Namespace, "cilium_host")),
            RouterIPv4 = Router(false),
            RouterIPv6 = Router(true),
            MasqueradeAddressIPv4 = Address(false),
            MasqueradeAddressIPv6 = Address(true),
        });
        loaded?.Dispose();
        loaded = new DatapathLoader(new DatapathLoaderOptions { Paths = new DatapathPaths(bpffs.Path) }, NullLogger<DatapathLoader>.Instance).Load(config);
        Attach("cilium_vxlan", "from_overlay", ingress: true);
        Attach("cilium_host", "from_host", ingress: false);
        Attach("eth0", "from_network", ingress: true);
        Attach("eth0", "to_network", ingress: false);
        foreach (var ipv6 in new[] { false, true })
        {
            AddHostAddress(Router(ipv6));
            AddHostAddress(Address(ipv6));
        }
    }

    public TestPod AddPod(int mtu = 1500)
    {
        var pod = new TestPod(this, 10 + Pods.Count);
        Pods.Add(pod);
        var device = pod.Device;
        Shell.Sysctl(pod.Namespace, ("net/ipv6/conf/default/accept_dad", "0"));
        Shell.Ip(Namespace,
            $"link add {device} mtu {mtu} type veth peer name eth0 mtu {mtu} index 2 netns {Shell.PathOf(pod.Namespace)}",
            $"link set {device} up",
            $"route add {pod.IPv4}/32 dev {device} src {Router(false)}",
            $"route add {pod.IPv6}/128 dev {device} src {Router(true)}");
        Shell.Ip(pod.Namespace,
            "link set lo up",
            $"addr add {pod.IPv4}/32 dev eth0",
            $"addr add {pod.IPv6}/128 dev eth0 nodad",
            "link set eth0 up",
            $"route add {Router(false)} dev eth0",
            $"route add default via {Router(false)}",
            $"route add {Router(true)} dev eth0",
            $"route add ::/0 via {Router(true)}");
        var row = pod.Row(Shell.Ifindex(Namespace, device), Shell.MacOf(pod.Namespace, "eth0"), Shell.MacOf(Namespace, device));
        Datapath.Maps.Endpoints.Update(new EndpointKey { Address = row.Ipv4 }, row);
        Datapath.Maps.Endpoints.Update(new EndpointKey { Address = row.Ipv6 }, row);
        Datapath.Maps.EndpointsByIfindex.Update(row.Ifindex, row);
        Datapath.Maps.McastSlots.Update((uint)pod.Number, new McastSlot
        {
            Kind = (uint)SlotKind.Local, Ifindex = row.Ifindex, EndpointId = row.EndpointId, Identity = row.Identity, Ipv4 = row.Ipv4, Ipv6 = row.Ipv6,
        });
        Datapath.Maps.ForwardingChanged();
        Attach(device, "from_pod", ingress: true);
        Attach(device, "to_pod", ingress: false);
        return pod;
    }

    /// <summary>Tells this node about another node and its pods.</summary>
    public void Learn(TestNode other, bool ipv6Underlay = false)
    {
        var tunnel = AbiAddress.From(other.Address(ipv6Underlay));
        foreach (var ipv6 in new[] { false, true })
        {
            var node = AbiAddress.From(other.Address(ipv6));
            Datapath.Maps.Nodes.Update(new NodeKey { Address = node }, new NodeInfo { NodeId = (uint)other.Number });
            SetIpcache(node, default, 6, IpcacheFlags.Node);
            SetIpcache(AbiAddress.From(other.Router(ipv6)), tunnel, 6);
        }

        foreach (var pod in other.Pods)
        {
            SetIpcache(AbiAddress.From(pod.IPv4), tunnel, pod.Identity);
            SetIpcache(AbiAddress.From(pod.IPv6), tunnel, pod.Identity);
        }

        Datapath.Maps.ForwardingChanged();
        Datapath.Maps.McastSlots.Update((uint)(RemoteSlot + other.Number), new McastSlot
        {
            Kind = (uint)SlotKind.Remote, EndpointId = (uint)other.Number, Tunnel = tunnel,
        });
    }

    /// <summary>Routes to another node's pods: through cilium_host, or straight to it.</summary>
    public void RouteTo(TestNode other, bool native)
    {
        Shell.Ip(Namespace,
            $"route replace 10.0.{other.Number}.0/24 {(native ? $"via {other.Address(false)}" : $"dev cilium_host src {Router(false)}")}",
            $"route replace fd00::{other.Number}:0/112 {(native ? $"via {other.Address(true)}" : $"dev cilium_host src {Router(true)}")}");
    }

    public void AddGroup(IPAddress group) => Datapath.Maps.McastGroups.TryAdd(new McastGroupKey { Group = AbiAddress.From(group) }, default);

    /// <summary>Runs the production program that changes memberships.</summary>
    public McastControlResult Control(McastControlOp op, IPAddress group, int slot)
    {
        var packet = new byte[AbiConstants.McastControlOffset + System.Runtime.CompilerServices.Unsafe.SizeOf<McastControlArgs>()];
        var args = new McastControlArgs { Op = (uint)op, Group = AbiAddress.From(group), Slot = (uint)slot, NotAfter = ulong.MaxValue };
        System.Runtime.InteropServices.MemoryMarshal.Write(packet.AsSpan(AbiConstants.McastControlOffset), args);
        var output = new byte[packet.Length];
        Datapath["mcast_control"].TestRun(packet, output);
        return (McastControlResult)System.Runtime.InteropServices.MemoryMarshal.Read<McastControlArgs>(output.AsSpan(AbiConstants.McastControlOffset)).Result;
    }

    public McastJoin? Join(IPAddress group, int slot) =>
        Datapath.Maps.McastJoins.TryLookup(new McastJoinKey { Group = AbiAddress.From(group), Slot = (uint)slot }, out var join) ? join : null;

    /// <summary>Waits until a membership is there, or is gone.</summary>
    public void WaitForMember(IPAddress group, TestPod pod, bool member = true) =>
        Assert.True(SpinWait.SpinUntil(() => Join(group, pod.Number) is not null == member, TimeSpan.FromSeconds(60)), $"{pod.IPv4} in {group}: still not {member}");

    public ulong Count(DropReason reason) =>
        DropSite.Read(Datapath.Maps).Where(site => site.Reason == reason).Aggregate(0ul, (sum, site) => sum + site.Packets);

    public void Dispose()
    {
        loaded?.Dispose();
        Pods.ForEach(p => p.Dispose());
        Namespace.Dispose();
        bpffs.Dispose();
    }

    private void SetIpcache(AbiAddress address, AbiAddress tunnel, uint identity, IpcacheFlags flags = 0) =>
        Datapath.Maps.Ipcache.Update(new IpcacheKey { Address = address }, new IpcacheEntry { TunnelEndpoint = tunnel, Identity = identity, Flags = (uint)flags });

    private void AddHostAddress(IPAddress address) => Datapath.Maps.Endpoints.Update(
        new EndpointKey { Address = AbiAddress.From(address) }, new EndpointInfo { Flags = (uint)EndpointFlags.Host });

    private void Attach(string device, string program, bool ingress)
    {
        var point = new AttachPoint(device, Shell.Ifindex(Namespace, device), ingress ? Netlink.TrafficDirection.Ingress : Netlink.TrafficDirection.Egress);
        Namespace.Run(() =>
        {
            using var rtnl = Rtnl.Open(Namespace);
            new Attachments(new DatapathPaths(bpffs.Path), s_features, rtnl, NullLogger<Attachments>.Instance).AttachAsync(point, Datapath[program]).GetAwaiter().GetResult();
        });
    }
}
