using System.Runtime.InteropServices;

namespace Waggle.Bpf.Interop;

// Option structs of bpf/libbpf.h and bpf/bpf.h (1.1). Offsets are explicit: a struct of the right size with two fields
// swapped still passes libbpf's size check, so order is never left to the compiler.

[StructLayout(LayoutKind.Explicit, Size = 80)]
internal unsafe struct BpfObjectOpenOpts
{
    [FieldOffset(0)] public nuint Sz;
    [FieldOffset(8)] public byte* ObjectName;
    [FieldOffset(16)] public byte RelaxedMaps;
    [FieldOffset(24)] public byte* PinRootPath;
    [FieldOffset(40)] public byte* Kconfig;
    [FieldOffset(48)] public byte* BtfCustomPath;
    [FieldOffset(56)] public byte* KernelLogBuf;
    [FieldOffset(64)] public nuint KernelLogSize;
    [FieldOffset(72)] public uint KernelLogLevel;
}

[StructLayout(LayoutKind.Explicit, Size = 48)]
internal struct BpfMapCreateOpts
{
    [FieldOffset(0)] public nuint Sz;
    [FieldOffset(8)] public uint BtfFd;
    [FieldOffset(12)] public uint BtfKeyTypeId;
    [FieldOffset(16)] public uint BtfValueTypeId;
    [FieldOffset(20)] public uint BtfVmlinuxValueTypeId;
    [FieldOffset(24)] public uint InnerMapFd;
    [FieldOffset(28)] public uint MapFlags;
    [FieldOffset(32)] public ulong MapExtra;
    [FieldOffset(40)] public uint NumaNode;
    [FieldOffset(44)] public uint MapIfindex;
}

[StructLayout(LayoutKind.Explicit, Size = 24)]
internal struct BpfMapBatchOpts
{
    [FieldOffset(0)] public nuint Sz;
    [FieldOffset(8)] public ulong ElemFlags;
    [FieldOffset(16)] public ulong Flags;
}

[StructLayout(LayoutKind.Explicit, Size = 16)]
internal struct BpfObjGetOpts
{
    [FieldOffset(0)] public nuint Sz;
    [FieldOffset(8)] public uint FileFlags;
}

[StructLayout(LayoutKind.Explicit, Size = 16)]
internal struct BpfLinkUpdateOpts
{
    [FieldOffset(0)] public nuint Sz;
    [FieldOffset(8)] public uint Flags;
    [FieldOffset(12)] public int OldProgFd;
}

[StructLayout(LayoutKind.Explicit, Size = 80)]
internal unsafe struct BpfTestRunOpts
{
    [FieldOffset(0)] public nuint Sz;
    [FieldOffset(8)] public void* DataIn;
    [FieldOffset(16)] public void* DataOut;
    [FieldOffset(24)] public uint DataSizeIn;
    [FieldOffset(28)] public uint DataSizeOut;
    [FieldOffset(32)] public void* CtxIn;
    [FieldOffset(40)] public void* CtxOut;
    [FieldOffset(48)] public uint CtxSizeIn;
    [FieldOffset(52)] public uint CtxSizeOut;
    [FieldOffset(56)] public uint Retval;
    [FieldOffset(60)] public int Repeat;
    [FieldOffset(64)] public uint Duration;
    [FieldOffset(68)] public uint Flags;
    [FieldOffset(72)] public uint Cpu;
    [FieldOffset(76)] public uint BatchSize;
}

[StructLayout(LayoutKind.Explicit, Size = 104)]
internal unsafe struct BpfProgLoadOpts
{
    [FieldOffset(0)] public nuint Sz;
    [FieldOffset(8)] public int Attempts;
    [FieldOffset(12)] public int ExpectedAttachType;
    [FieldOffset(16)] public uint ProgBtfFd;
    [FieldOffset(20)] public uint ProgFlags;
    [FieldOffset(88)] public uint LogLevel;
    [FieldOffset(92)] public uint LogSize;
    [FieldOffset(96)] public byte* LogBuf;
}
