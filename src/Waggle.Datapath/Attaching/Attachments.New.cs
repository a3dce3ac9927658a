using Waggle.Bpf;
using Waggle.Netlink;

namespace Waggle.Datapath.Attaching;

public sealed partial class Attachments
{
    /// <summary>
    /// Attaches both directions of a device that was just made, in the least time: as clsact filters. A tcx attachment waits for an
    /// RCU grace period (about 10 ms, twice) while it holds the lock of the whole network configuration, so that pods that start
    /// together wait for each other. <see cref="AttachAsync"/> later puts the links in their place, without a gap.
    /// </summary>
    /// <param name="device">Name of the device.</param>
    /// <param name="ifindex">Its index.</param>
    /// <param name="ingress">Gets what the device receives.</param>
    /// <param name="egress">Gets what the device sends.</param>
    /// <param name="cancellation">Stops waiting.</param>
    /// <exception cref="NetlinkException">ENODEV: the device is gone.</exception>
    public async Task AttachNewAsync(string device, int ifindex, BpfProgram ingress, BpfProgram egress, CancellationToken cancellation = default)
    {
        // All three requests are on their way before the first answer is read; the kernel takes them in order.
        var discipline = rtnl.Traffic.EnsureClsactAsync(ifindex, cancellation);
        var first = rtnl.Traffic.ReplaceFilterAsync(FilterOf(new AttachPoint(device, ifindex, TrafficDirection.Ingress)), ingress.Handle, cancellation);
        var second = rtnl.Traffic.ReplaceFilterAsync(FilterOf(new AttachPoint(device, ifindex, TrafficDirection.Egress)), egress.Handle, cancellation);
        await discipline.ConfigureAwait(false);
        await Task.WhenAll(first, second).ConfigureAwait(false);
    }

    /// <summary>Forgets the pins of a device that is gone. Detaching before the device goes costs two RCU grace periods that its removal pays anyway.</summary>
    public void Forget(string device)
    {
        foreach (var direction in new[] { TrafficDirection.Ingress, TrafficDirection.Egress })
        {
            var pin = PinOf(new AttachPoint(device, 0, direction));
            using var link = BpfLink.TryOpenPinned(pin);
            if (link is not null && link.GetInfo().Ifindex == 0)
            {
                File.Delete(pin);
            }
        }
    }
}
