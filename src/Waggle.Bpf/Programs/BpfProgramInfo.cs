using System.Runtime.InteropServices;
using System.Text;

namespace Waggle.Bpf;

/// <summary>What the kernel says about a program (struct bpf_prog_info).</summary>
/// <param name="Id">Kernel-wide id.</param>
/// <param name="Type">BPF_PROG_TYPE_*.</param>
/// <param name="Name">Name, cut to 15 characters by the kernel.</param>
/// <param name="Tag">Hash of the instructions, as bpftool shows it.</param>
/// <param name="InstructionCount">Instructions after dead code was removed.</param>
/// <param name="JitedBytes">Machine code size in bytes.</param>
/// <param name="VerifiedInstructions">Instructions the verifier walked (limit 1,000,000); 0 before Linux 5.16.</param>
/// <param name="RunTimeNanoseconds">Total run time; counted only while statistics are enabled.</param>
/// <param name="RunCount">Runs counted while statistics are enabled.</param>
public sealed record BpfProgramInfo(
    uint Id,
    BpfProgramType Type,
    string Name,
    string Tag,
    int InstructionCount,
    int JitedBytes,
    uint VerifiedInstructions,
    ulong RunTimeNanoseconds,
    ulong RunCount)
{
    internal static unsafe BpfProgramInfo From(in Raw raw)
    {
        fixed (Raw* r = &raw)
        {
            return new BpfProgramInfo(
                r->Id,
                (BpfProgramType)r->Type,
                Encoding.UTF8.GetString(MemoryMarshal.CreateReadOnlySpanFromNullTerminated(r->Name)),
                Convert.ToHexStringLower(new ReadOnlySpan<byte>(r->Tag, 8)),
                (int)(r->XlatedLength / 8),
                (int)r->JitedLength,
                r->VerifiedInsns,
                r->RunTimeNs,
                r->RunCnt);
        }
    }

    [StructLayout(LayoutKind.Explicit, Size = 232)]
    internal unsafe struct Raw
    {
        [FieldOffset(0)] public uint Type;
        [FieldOffset(4)] public uint Id;
        [FieldOffset(8)] public fixed byte Tag[8];
        [FieldOffset(16)] public uint JitedLength;
        [FieldOffset(20)] public uint XlatedLength;
        [FieldOffset(64)] public fixed byte Name[16];
        [FieldOffset(192)] public ulong RunTimeNs;
        [FieldOffset(200)] public ulong RunCnt;
        [FieldOffset(216)] public uint VerifiedInsns;
    }
}
