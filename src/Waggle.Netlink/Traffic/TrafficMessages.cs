using System.Buffers.Binary;
using System.Runtime.InteropServices;

namespace Waggle.Netlink;

/// <summary>struct tcmsg (linux/rtnetlink.h).</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct TrafficHeader
{
    public byte Family;
    public byte Pad1;
    public ushort Pad2;
    public int Index;
    public uint Handle;
    public uint Parent;
    public uint Info;
}

/// <summary>Traffic control requests as bytes, and replies read.</summary>
internal static class TrafficMessages
{
    private const uint IngressHook = 0xfffffff2; // TC_H_CLSACT major with TC_H_MIN_INGRESS
    private const uint EgressHook = 0xfffffff3;
    private const uint DirectAction = 1; // TCA_BPF_FLAG_ACT_DIRECT

    internal static byte[] ListQdiscs()
    {
        var writer = new MessageWriter(Rtm.GETQDISC, MessageFlags.None);
        writer.Fixed(default(TrafficHeader));
        return writer.ToArray();
    }

    internal static byte[] WriteQdisc(ushort type, MessageFlags flags, Qdisc qdisc)
    {
        var writer = new MessageWriter(type, flags);
        writer.Fixed(new TrafficHeader { Index = qdisc.LinkIndex, Handle = qdisc.Handle.Value, Parent = qdisc.Parent.Value });
        writer.String(Tca.KIND, qdisc.Kind);
        return writer.ToArray();
    }

    internal static Qdisc? ParseQdisc(ushort type, ReadOnlySpan<byte> payload)
    {
        if (type is not (Rtm.NEWQDISC or Rtm.DELQDISC))
            return null;
        TrafficHeader header = Payload.Read<TrafficHeader>(payload, out AttributeReader a);
        string kind = "";
        while (a.MoveNext())
        {
            if (a.Type == Tca.KIND)
                kind = a.String();
        }

        return new Qdisc(header.Index, kind, new TrafficHandle(header.Handle), new TrafficHandle(header.Parent));
    }

    internal static byte[] ListFilters(int linkIndex, TrafficDirection direction)
    {
        var writer = new MessageWriter(Rtm.GETTFILTER, MessageFlags.None);
        writer.Fixed(new TrafficHeader { Index = linkIndex, Parent = Hook(direction) });
        return writer.ToArray();
    }

    internal static byte[] WriteFilter(ushort type, MessageFlags flags, BpfFilter filter, int? program)
    {
        var writer = new MessageWriter(type, flags);
        writer.Fixed(new TrafficHeader
        {
            Index = filter.LinkIndex,
            Handle = filter.Handle,
            Parent = Hook(filter.Direction),
            Info = (uint)filter.Priority << 16 | BinaryPrimitives.ReverseEndianness(filter.Protocol),
        });
        writer.String(Tca.KIND, "bpf");
        if (program is { } descriptor)
        {
            int options = writer.BeginNest(Tca.OPTIONS);
            writer.I32(Tca.BPF_FD, descriptor);
            writer.String(Tca.BPF_NAME, filter.Name ?? "waggle");
            writer.U32(Tca.BPF_FLAGS, filter.DirectAction ? DirectAction : 0);
            writer.EndNest(options);
        }

        return writer.ToArray();
    }

    /// <summary>Reads a listed filter; null for other classifiers and for the entries that only announce a priority.</summary>
    internal static BpfFilter? ParseFilter(ushort type, ReadOnlySpan<byte> payload, TrafficDirection direction)
    {
        if (type != Rtm.NEWTFILTER)
            return null;
        TrafficHeader header = Payload.Read<TrafficHeader>(payload, out AttributeReader a);
        var filter = new BpfFilter(header.Index, direction)
        {
            Priority = (ushort)(header.Info >> 16),
            Protocol = BinaryPrimitives.ReverseEndianness((ushort)header.Info),
            Handle = header.Handle,
            DirectAction = false,
        };
        bool bpf = false;
        while (a.MoveNext())
        {
            if (a.Type == Tca.KIND)
                bpf = a.String() == "bpf";
            else if (a.Type == Tca.OPTIONS && bpf) // the kind comes first
                filter = Options(filter, a.Nested());
        }

        return bpf && header.Handle != 0 ? filter : null;
    }

    private static BpfFilter Options(BpfFilter filter, AttributeReader a)
    {
        while (a.MoveNext())
        {
            filter = a.Type switch
            {
                Tca.BPF_NAME => filter with { Name = a.String() },
                Tca.BPF_FLAGS => filter with { DirectAction = (a.U32() & DirectAction) != 0 },
                Tca.BPF_ID => filter with { ProgramId = a.U32() },
                Tca.BPF_TAG => filter with { Tag = Convert.ToHexStringLower(a.Value) },
                _ => filter,
            };
        }

        return filter;
    }

    private static uint Hook(TrafficDirection direction) => direction == TrafficDirection.Ingress ? IngressHook : EgressHook;
}
