using System.Runtime.InteropServices;
using Waggle.Linux;

namespace Waggle.Netlink.Tests.Traffic;

/// <summary>The smallest sched_cls program, <c>r0 = 0; exit</c>, loaded without libbpf.</summary>
internal static unsafe partial class TestProgram
{
    private const long SysBpf = 321; // x86-64; 280 on arm64
    private const long SysBpfArm64 = 280;

    internal static FileDescriptor Load()
    {
        ulong* instructions = stackalloc ulong[2] { 0x00000000000000b7, 0x0000000000000095 };
        byte* license = stackalloc byte[4] { (byte)'G', (byte)'P', (byte)'L', 0 };
        byte* attr = stackalloc byte[64]; // union bpf_attr for BPF_PROG_LOAD
        new Span<byte>(attr, 64).Clear();
        *(uint*)attr = 3; // BPF_PROG_TYPE_SCHED_CLS
        *(uint*)(attr + 4) = 2;
        *(ulong*)(attr + 8) = (ulong)instructions;
        *(ulong*)(attr + 16) = (ulong)license;
        long number = RuntimeInformation.ProcessArchitecture == Architecture.Arm64 ? SysBpfArm64 : SysBpf;
        nint fd = syscall(number, 5, (nint)attr, 64);
        Assert.True(fd > 0, $"BPF_PROG_LOAD: errno {Marshal.GetLastPInvokeError()}");
        return new FileDescriptor((int)fd);
    }

    [LibraryImport("libc", SetLastError = true)]
    private static partial nint syscall(long number, nint a, nint b, nint c);
}
