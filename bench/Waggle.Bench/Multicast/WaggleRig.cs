using System.Net;
using Waggle.Bench.Network;
using Waggle.Bpf;
using Waggle.Datapath.Abi;
using Waggle.Datapath.Loading;
using Waggle.Datapath.Multicast;
using Waggle.Linux;
using Waggle.Netlink;
using DatapathConfig = Waggle.Datapath.DatapathConfig;

namespace Waggle.Bench.Multicast;

/// <summary>
/// The product's pod programs on the veths of local pods, with maps of their own and the rows that the agent writes for a pod.
/// Memberships are those that the program learns from the pods' reports.
/// </summary>
internal sealed class WaggleRig : MulticastRig
{
    private readonly List<IDisposable> _owned = [];
    private readonly List<(int Ifindex, uint Slot)> _members = [];
    private readonly BpfObject _pod;

    private WaggleRig(string program)
        : base("Waggle", program)
    {
        _pod = Own(BpfObject.Open(EmbeddedObjects.Read("pod"), new BpfObjectOptions { Name = "pod" }));
        _pod.SetVariable("config", new DatapathConfig { MulticastEnabled = true, RouterIPv4 = IPAddress.Parse("10.0.0.1") }.ToAbi());
        _pod.Load();
    }

    internal static async Task<WaggleRig> CreateAsync(string program, IReadOnlyList<int> sizes, CancellationToken cancellation)
    {
        var rig = new WaggleRig(program);
        foreach (var size in sizes)
        {
            using var groups = rig._pod.GetMap<McastGroupKey, McastGroup>("mcast_groups");
            groups.Update(new McastGroupKey { Group = Address.From(IPAddress.Parse(GroupOf(size))) }, default);
        }

        await using var rtnl = Rtnl.Open(rig.Node);
        await rig.AddPodAsync(rtnl, rig.Sender, 1).ConfigureAwait(false);
        for (var i = 0; i < sizes.Max(); i++)
        {
            var pod = rig.NewNamespace();
            rig._members.Add((await rig.AddPodAsync(rtnl, pod, (uint)i + 2).ConfigureAwait(false), (uint)i + 2));
            foreach (var size in sizes.Where(size => i < size))
            {
                await rig.Sink.JoinAsync(pod, GroupOf(size)).ConfigureAwait(false);
            }
        }

        foreach (var size in sizes)
        {
            await rig.WaitForMembersAsync(size, cancellation).ConfigureAwait(false);
        }

        await rig.AddListsAsync(rtnl, sizes.Where(size => size >= FanOut.FewestMembers), cancellation).ConfigureAwait(false);
        return rig;
    }

    public override ValueTask DisposeAsync()
    {
        _owned.Reverse();
        _owned.ForEach(item => item.Dispose());
        return base.DisposeAsync();
    }

    /// <summary>Device lists of big groups, as the agent makes them.</summary>
    private async Task AddListsAsync(Rtnl rtnl, IEnumerable<int> sizes, CancellationToken cancellation)
    {
        var device = await rtnl.Links.CreateAsync(new VethSpec(FanOut.Device, FanOut.Peer) { Up = true, PeerUp = true }, cancellation).ConfigureAwait(false);
        Node.Run(() =>
        {
            var lists = Own(FanOut.Create(device.Index, null));
            using var rows = _pod.GetMap<McastGroupKey, McastFanOut>("mcast_fan_outs");
            foreach (var size in sizes)
            {
                var members = _members.Take(size).ToList();
                var row = lists.RowOf(lists.Add([.. members.Select(member => member.Ifindex)]), [.. members.Select(member => member.Slot)], 1500);
                rows.Update(new McastGroupKey { Group = Address.From(IPAddress.Parse(GroupOf(size))) }, row);
            }
        });
    }

    private async Task<int> AddPodAsync(Rtnl rtnl, NetworkNamespace pod, uint number)
    {
        var device = FormattableString.Invariant($"lxc{number}");
        var address = new IPAddress([10, 0, (byte)(1 + number / 250), (byte)(1 + number % 250)]);
        var (hostMac, podMac) = (MacAddress.Random(), MacAddress.Random());
        var link = await PodSpec.CreateAsync(rtnl, device, pod, address, 32, hostMac, podMac).ConfigureAwait(false);
        var row = new EndpointInfo { Ifindex = (uint)link.Index, Identity = 1000 + number, EndpointId = number, Slot = number, Ipv4 = Address.From(address) };
        podMac.CopyTo(row.PodMac);
        hostMac.CopyTo(row.HostMac);
        using (var slots = _pod.GetMap<uint, McastSlot>("mcast_slots"))
        {
            slots.Update(number, new McastSlot { Kind = (uint)SlotKind.Local, Ifindex = row.Ifindex, EndpointId = number, Identity = row.Identity, Ipv4 = row.Ipv4 });
        }

        using (var devices = _pod.GetMap<uint, EndpointInfo>("endpoints_by_ifindex"))
        {
            devices.Update(row.Ifindex, row);
        }

        using (var endpoints = _pod.GetMap<EndpointKey, EndpointInfo>("endpoints"))
        {
            endpoints.Update(new EndpointKey { Address = row.Ipv4 }, row);
        }

        Node.Run(() =>
        {
            foreach (var (name, ingress) in new[] { ("from_pod", true), ("to_pod", false) })
            {
                using var program = _pod.GetProgram(name);
                Own(BpfLink.AttachTcx(program, link.Index, ingress));
            }
        });
        return link.Index;
    }

    private T Own<T>(T item)
        where T : IDisposable
    {
        _owned.Add(item);
        return item;
    }
}
