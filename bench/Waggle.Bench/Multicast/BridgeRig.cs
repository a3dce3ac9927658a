using System.Net;
using Waggle.Bench.Network;
using Waggle.Linux;
using Waggle.Netlink;

namespace Waggle.Bench.Multicast;

/// <summary>A Linux bridge with IGMP snooping and a querier: it forwards by the entries it learnt from the members' reports.</summary>
internal sealed class BridgeRig : MulticastRig
{
    private BridgeRig(string program)
        : base("Linux bridge, IGMP snooping", program)
    {
    }

    internal static async Task<BridgeRig> CreateAsync(string program, IReadOnlyList<int> sizes, CancellationToken cancellation)
    {
        var rig = new BridgeRig(program);
        await using var rtnl = Rtnl.Open(rig.Node);
        // Version 3, as members of version 2 hold their report back when they hear another's.
        var bridge = await rtnl.Links.CreateAsync(
            new BridgeSpec("br0") { Up = true, Settings = new BridgeSettings { MulticastSnooping = true, MulticastQuerier = true, IgmpVersion = 3 } }, cancellation).ConfigureAwait(false);
        var sender = await PodSpec.CreateAsync(rtnl, "sender", rig.Sender, IPAddress.Parse("10.250.0.1"), 16).ConfigureAwait(false);
        await rtnl.Links.SetAsync(sender.Index, new LinkChange { MasterIndex = bridge.Index }, cancellation).ConfigureAwait(false);
        List<(NetworkNamespace Inside, int Port)> pods = [];
        for (var i = 0; i <= sizes.Max(); i++)
        {
            var pod = rig.NewNamespace();
            var port = await PodSpec.CreateAsync(rtnl, FormattableString.Invariant($"p{i}"), pod, new IPAddress([10, 250, (byte)(1 + i / 250), (byte)(1 + i % 250)]), 16).ConfigureAwait(false);
            await rtnl.Links.SetAsync(port.Index, new LinkChange { MasterIndex = bridge.Index }, cancellation).ConfigureAwait(false);
            pods.Add((pod, port.Index));
        }

        // A report through a port that does not forward yet is lost.
        foreach (var (_, port) in pods)
        {
            while ((await rtnl.Links.GetAsync(port, cancellation).ConfigureAwait(false)).State != OperationalState.Up)
            {
                await Task.Delay(10, cancellation).ConfigureAwait(false);
            }
        }

        // Reports before the bridge snoops would be flooded, and their flood lose some of them.
        await JoinAsync(sizes.Min()).ConfigureAwait(false);
        await rig.WaitForSnoopingAsync(rtnl, pods[^1].Port, sizes.Min(), cancellation).ConfigureAwait(false);
        foreach (var size in sizes.Where(size => size != sizes.Min()))
        {
            await JoinAsync(size).ConfigureAwait(false);
        }

        return rig;

        async Task JoinAsync(int size)
        {
            foreach (var (pod, _) in pods.Take(size))
            {
                await rig.Sink.JoinAsync(pod, GroupOf(size)).ConfigureAwait(false);
            }

            await rig.WaitForMembersAsync(size, cancellation).ConfigureAwait(false);
        }
    }

    /// <summary>A bridge floods until it has been the querier for the length of a response interval (10 s): the bystander shows it.</summary>
    private async Task WaitForSnoopingAsync(Rtnl rtnl, int bystander, int members, CancellationToken cancellation)
    {
        for (var attempt = 0; attempt < 60; attempt++)
        {
            var before = (await rtnl.Links.GetAsync(bystander, cancellation).ConfigureAwait(false)).Statistics.SentPackets;
            await SendAsync(members, 1, cancellation).ConfigureAwait(false); // more of them, flooded, would overflow the backlog
            if ((await rtnl.Links.GetAsync(bystander, cancellation).ConfigureAwait(false)).Statistics.SentPackets == before)
            {
                return;
            }

            await Task.Delay(TimeSpan.FromMilliseconds(500), cancellation).ConfigureAwait(false);
        }

        throw new InvalidOperationException("the bridge floods although it snoops: a port without members gets the group's datagrams");
    }
}
