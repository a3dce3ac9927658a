using Microsoft.Extensions.Logging;
using Waggle.Bpf;
using Waggle.Datapath.Loading;
using Waggle.Linux;
using Waggle.Netlink;

namespace Waggle.Datapath.Attaching;

/// <summary>
/// Attaches programs to devices so that they stay when this process ends, and replaces them without a moment in which a packet
/// meets none: a pinned tcx link is adopted and updated in one step (BPF_LINK_UPDATE), a clsact filter is replaced in place.
/// All devices are those of the calling thread's network namespace, where <paramref name="rtnl"/> must be open too. Calls for
/// one attach point must not overlap.
/// </summary>
public sealed partial class Attachments(DatapathPaths paths, BpfFeatures features, Rtnl rtnl, ILogger<Attachments> logger, AttachMode mode = AttachMode.Automatic)
{
    /// <summary>Priority and handle of our clsact filters: by them a filter is found again.</summary>
    internal const ushort FilterPriority = 1;
    private const uint FilterHandle = 0x5747; // "WG"
    private const string FilterName = "waggle";

    /// <summary>The mode in use.</summary>
    public AttachMode Mode => mode != AttachMode.Automatic ? mode : features.Has(BpfFeature.Tcx) == false ? AttachMode.Clsact : AttachMode.Tcx;

    /// <summary>Attaches a program, or replaces the one of ours that is there. Programs of others on the device stay.</summary>
    /// <exception cref="BpfException">ENODEV: the device is gone.</exception>
    /// <exception cref="NetlinkException">The same with clsact.</exception>
    public async Task<AttachOutcome> AttachAsync(AttachPoint point, BpfProgram program, CancellationToken cancellation = default)
    {
        if (Mode == AttachMode.Clsact)
        {
            var outcome = await AttachClsactAsync(point, program, cancellation).ConfigureAwait(false);
            RemoveLink(point); // after the filter is in place: tcx runs first, so no packet goes without a program
            return outcome;
        }

        var result = AttachTcx(point, program);
        await RemoveFilterAsync(point, cancellation).ConfigureAwait(false); // left by an older kernel or setting
        return result;
    }

    /// <summary>Detaches our program; true if there was one.</summary>
    public async Task<bool> DetachAsync(AttachPoint point, CancellationToken cancellation = default)
    {
        var link = RemoveLink(point);
        return await RemoveFilterAsync(point, cancellation).ConfigureAwait(false) || link;
    }

    /// <summary>The program attached by us, or null.</summary>
    public async Task<uint?> ProgramIdAsync(AttachPoint point, CancellationToken cancellation = default)
    {
        using var link = BpfLink.TryOpenPinned(PinOf(point));
        if (link?.GetInfo() is { } info && info.Ifindex == point.Ifindex)
        {
            return info.ProgramId;
        }

        return (await OurFilterAsync(point, cancellation).ConfigureAwait(false))?.ProgramId;
    }

    /// <summary>Removes the pins of links whose device is gone; returns how many. Filters vanish with their device by themselves.</summary>
    public int Prune()
    {
        var removed = 0;
        foreach (var path in Directory.EnumerateFiles(paths.Links).ToList())
        {
            using var link = BpfLink.TryOpenPinned(path);
            if (link?.GetInfo().Ifindex == 0)
            {
                File.Delete(path);
                removed++;
                LogPruned(Path.GetFileName(path));
            }
        }

        return removed;
    }

    private AttachOutcome AttachTcx(AttachPoint point, BpfProgram program)
    {
        var pin = PinOf(point);
        using (var existing = BpfLink.TryOpenPinned(pin))
        {
            if (existing is not null && existing.GetInfo() is var info && info.Ifindex == point.Ifindex)
            {
                if (info.ProgramId == program.GetInfo().Id)
                {
                    return AttachOutcome.Unchanged;
                }

                existing.Update(program);
                return AttachOutcome.Replaced;
            }
        }

        // A new link is pinned under a passing name first: a process that dies in between leaves a link that works and that
        // the next start finds under no device's name, never a device's name without a link.
        using var link = BpfLink.AttachTcx(program, point.Ifindex, point.Direction == TrafficDirection.Ingress);
        var next = pin + "-next";
        File.Delete(next);
        link.Pin(next);
        File.Move(next, pin, overwrite: true);
        return AttachOutcome.Attached;
    }

    private async Task<AttachOutcome> AttachClsactAsync(AttachPoint point, BpfProgram program, CancellationToken cancellation)
    {
        await rtnl.Traffic.EnsureClsactAsync(point.Ifindex, cancellation).ConfigureAwait(false);
        var before = await OurFilterAsync(point, cancellation).ConfigureAwait(false);
        if (before?.ProgramId == program.GetInfo().Id)
        {
            return AttachOutcome.Unchanged;
        }

        await rtnl.Traffic.ReplaceFilterAsync(FilterOf(point), program.Handle, cancellation).ConfigureAwait(false);
        return before is null ? AttachOutcome.Attached : AttachOutcome.Replaced;
    }

    private async Task<BpfFilter?> OurFilterAsync(AttachPoint point, CancellationToken cancellation)
    {
        try
        {
            var filters = await rtnl.Traffic.ListFiltersAsync(point.Ifindex, point.Direction, cancellation).ConfigureAwait(false);
            return filters.FirstOrDefault(f => f.Priority == FilterPriority && f.Handle == FilterHandle);
        }
        catch (NetlinkException e) when (e.Errno is Errno.ENODEV)
        {
            return null;
        }
    }

    private async Task<bool> RemoveFilterAsync(AttachPoint point, CancellationToken cancellation) =>
        await OurFilterAsync(point, cancellation).ConfigureAwait(false) is not null
        && await rtnl.Traffic.DeleteFilterAsync(FilterOf(point), cancellation).ConfigureAwait(false);

    private bool RemoveLink(AttachPoint point)
    {
        var pin = PinOf(point);
        using var link = BpfLink.TryOpenPinned(pin);
        if (link is null)
        {
            return false;
        }

        File.Delete(pin); // closing the last fd detaches
        return link.GetInfo().Ifindex == point.Ifindex;
    }

    private string PinOf(AttachPoint point) => Path.Combine(paths.Links, point.PinName);

    private static BpfFilter FilterOf(AttachPoint point) =>
        new(point.Ifindex, point.Direction) { Priority = FilterPriority, Handle = FilterHandle, Name = FilterName };
}
