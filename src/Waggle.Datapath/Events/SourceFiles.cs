using System.Globalization;

namespace Waggle.Datapath.Events;

/// <summary>The datapath's source files by the number that drops and metrics carry.</summary>
public static class SourceFiles
{
    /// <summary>Names by number.</summary>
    public static readonly IReadOnlyList<string> Names =
    [
        "unknown", "pod.bpf.c", "overlay.bpf.c", "host.bpf.c", "netdev.bpf.c", "forward.h", "neighbour.h", "icmp_error.h", "multicast.h", "snoop.h", "nat.h", "encap.h", "packet.h", "tuple.h", "admit.h",
        "masquerade.h", "membership.h", "multicast_policy.h", "nat_related.h", "replicate.h", "report.h", "shortcut.h",
    ];

    /// <summary>The file's name; an unknown number gives the number.</summary>
    public static string NameOf(int number) => number >= 0 && number < Names.Count ? Names[number] : number.ToString(CultureInfo.InvariantCulture);
}
