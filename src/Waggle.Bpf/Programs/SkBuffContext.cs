using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Waggle.Bpf;

/// <summary>
/// struct __sk_buff of linux/bpf.h, as test runs take it. The kernel accepts only these fields non-zero on input: mark,
/// priority, ingress_ifindex, ifindex, cb, tstamp, wire_len, gso_segs, gso_size, hwtstamp.
/// </summary>
[StructLayout(LayoutKind.Explicit, Size = 192)]
public struct SkBuffContext
{
    [FieldOffset(0)] public uint Len;
    [FieldOffset(4)] public uint PacketType;
    [FieldOffset(8)] public uint Mark;
    [FieldOffset(12)] public uint QueueMapping;
    [FieldOffset(16)] public uint Protocol;
    [FieldOffset(32)] public uint Priority;
    [FieldOffset(36)] public uint IngressIfindex;
    [FieldOffset(40)] public uint Ifindex;
    [FieldOffset(44)] public uint TcIndex;
    [FieldOffset(48)] public Words5 Cb;
    [FieldOffset(68)] public uint Hash;
    [FieldOffset(72)] public uint TcClassId;
    [FieldOffset(152)] public ulong Timestamp;
    [FieldOffset(160)] public uint WireLength;
    [FieldOffset(164)] public uint GsoSegments;
    [FieldOffset(176)] public uint GsoSize;
    [FieldOffset(184)] public ulong HardwareTimestamp;

    /// <summary>The five control words.</summary>
    [InlineArray(5)]
    public struct Words5
    {
        private uint element;
    }
}
