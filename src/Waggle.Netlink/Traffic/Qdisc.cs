using System.Globalization;

namespace Waggle.Netlink;

/// <summary>A queueing discipline of a link.</summary>
/// <param name="LinkIndex">The link.</param>
/// <param name="Kind">E.g. <c>clsact</c>, <c>noqueue</c>.</param>
/// <param name="Handle">Its handle.</param>
/// <param name="Parent">Where it hangs; see <see cref="TrafficHandle"/>.</param>
public sealed record Qdisc(int LinkIndex, string Kind, TrafficHandle Handle, TrafficHandle Parent);

/// <summary>A tc handle, <c>major:minor</c>.</summary>
public readonly record struct TrafficHandle(uint Value)
{
    public static readonly TrafficHandle None = new(0);
    public static readonly TrafficHandle Root = new(0xffffffff);

    /// <summary>Parent of the clsact and ingress disciplines.</summary>
    public static readonly TrafficHandle Clsact = new(0xfffffff1);

    public TrafficHandle(ushort major, ushort minor)
        : this((uint)major << 16 | minor)
    {
    }

    /// <inheritdoc/>
    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{Value >> 16:x}:{Value & 0xffff:x}");
}

/// <summary>The two hooks of clsact.</summary>
public enum TrafficDirection
{
    /// <summary>Packets coming from the wire (for the host side of a veth: sent by the pod).</summary>
    Ingress,

    /// <summary>Packets going to the wire.</summary>
    Egress,
}

/// <summary>A BPF program attached by clsact.</summary>
/// <param name="LinkIndex">The link.</param>
/// <param name="Direction">The hook.</param>
public sealed record BpfFilter(int LinkIndex, TrafficDirection Direction)
{
    /// <summary>Filters run in this order, 1 first; 0 lets the kernel choose when adding.</summary>
    public ushort Priority { get; init; } = 1;

    /// <summary>Tells filters of one priority apart; 0 lets the kernel choose when adding.</summary>
    public uint Handle { get; init; } = 1;

    /// <summary>EtherType to run for; 0x0003 (ETH_P_ALL) for all.</summary>
    public ushort Protocol { get; init; } = 3;

    /// <summary>A name shown by <c>tc filter show</c>.</summary>
    public string? Name { get; init; }

    /// <summary>The program's return value is the verdict.</summary>
    public bool DirectAction { get; init; } = true;

    /// <summary>The program's id; only when listed.</summary>
    public uint ProgramId { get; init; }

    /// <summary>The program's tag in hex; only when listed.</summary>
    public string? Tag { get; init; }
}
