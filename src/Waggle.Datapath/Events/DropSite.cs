using Waggle.Datapath.Abi;
using Waggle.Datapath.Maps;

namespace Waggle.Datapath.Events;

/// <summary>How many packets ended at one place in the programs, since the map was made.</summary>
/// <param name="Reason">Why.</param>
/// <param name="Direction">Their direction.</param>
/// <param name="File">The source file that decided.</param>
/// <param name="Line">The line in it.</param>
/// <param name="Packets">How many.</param>
/// <param name="Bytes">Their bytes.</param>
public readonly record struct DropSite(DropReason Reason, TrafficDirection Direction, string File, uint Line, ulong Packets, ulong Bytes)
{
    /// <summary>False: the packets did their work and were consumed.</summary>
    public bool IsDrop => !IsHandled(Reason);

    /// <summary>Whether a reason is counted, but no drop; the same list as <c>reason_is_handled()</c> in <c>bpf/lib/drop.h</c>.</summary>
    public static bool IsHandled(DropReason reason) => reason is DropReason.IgmpHandled or DropReason.IgmpSubscribed or DropReason.MulticastHandled or DropReason.MulticastNoMembers
        or DropReason.IgmpLinkLocalGroup or DropReason.NeighbourHandled or DropReason.PathMtuHandled or DropReason.LinkLocalHandled;

    /// <summary>The node's counts; places without packets are left out.</summary>
    public static IReadOnlyList<DropSite> Read(DatapathMaps maps) => Of(maps.MetricsSites.Entries());

    /// <summary>The same of rows that somebody has read, summed over CPUs.</summary>
    public static IReadOnlyList<DropSite> Of(IEnumerable<KeyValuePair<MetricsSite, MetricsEntry[]>> rows)
    {
        var sites = new List<DropSite>();
        foreach (var (place, cpus) in rows)
        {
            ulong packets = 0, bytes = 0;
            foreach (var cpu in cpus)
            {
                packets += cpu.Packets;
                bytes += cpu.Bytes;
            }

            if (packets > 0)
            {
                sites.Add(new DropSite((DropReason)place.Reason, (TrafficDirection)place.Direction, SourceFiles.NameOf(place.File), place.Line, packets, bytes));
            }
        }

        return sites;
    }
}
