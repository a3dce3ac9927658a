using System.Net;
using Waggle.Bench.Network;
using Waggle.Linux;
using Waggle.Netlink;

namespace Waggle.Bench.Multicast;

/// <summary>The kernel's multicast routing (IP_MROUTE): one interface in, one for each member out, 32 in all.</summary>
internal sealed class RoutedRig : MulticastRig
{
    private LoadProcess? _router;

    private RoutedRig(string program)
        : base("kernel multicast routing", program)
    {
    }

    internal static async Task<RoutedRig> CreateAsync(string program, int members, CancellationToken cancellation)
    {
        var rig = new RoutedRig(program);
        // Who sends is not on the interfaces' subnets, and no route is needed for multicast.
        Sysctl.Write("net/ipv4/conf/all/rp_filter", "0", rig.Node);
        Sysctl.Write("net/ipv4/conf/default/rp_filter", "0", rig.Node);
        Sysctl.Write("net/ipv4/ip_forward", "1", rig.Node);
        await using var rtnl = Rtnl.Open(rig.Node);
        List<string> devices = [];
        await AddAsync("in", rig.Sender, 0).ConfigureAwait(false);
        for (var i = 1; i <= members; i++)
        {
            var pod = rig.NewNamespace();
            Sysctl.Write("net/ipv4/conf/all/rp_filter", "0", pod);
            Sysctl.Write("net/ipv4/conf/default/rp_filter", "0", pod);
            await AddAsync(FormattableString.Invariant($"out{i}"), pod, i).ConfigureAwait(false);
            await rig.Sink.JoinAsync(pod, GroupOf(members)).ConfigureAwait(false);
        }

        rig._router = new LoadProcess(NamespacePath.Start(rig.Node, program, ["mroute", GroupOf(members), PodAddress(0).ToString(), .. devices]));
        await rig._router.ReadAsync().ConfigureAwait(false);
        await rig.WaitForMembersAsync(members, cancellation).ConfigureAwait(false);
        return rig;

        async Task AddAsync(string device, NetworkNamespace pod, int number)
        {
            var link = await PodSpec.CreateAsync(rtnl, device, pod, PodAddress(number), 24).ConfigureAwait(false);
            await rtnl.Addresses.EnsureAsync(new InterfaceAddress(link.Index, new IPAddress([10, 251, (byte)number, 254]), 24), cancellation).ConfigureAwait(false);
            devices.Add(device);
        }
    }

    public override ValueTask DisposeAsync()
    {
        _router?.Dispose();
        return base.DisposeAsync();
    }

    private static IPAddress PodAddress(int number) => new([10, 251, (byte)number, 1]);
}
