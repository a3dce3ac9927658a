namespace Waggle.Bpf.Tests.Errors;

public class VerifierLogTests
{
    [Fact]
    public void Summarise_LogWithSource_NamesProgramComplaintAndLine()
    {
        const string Log = """
            libbpf: prog 'from_pod': BPF program load failed: Permission denied
            libbpf: prog 'from_pod': -- BEGIN PROG LOAD LOG --
            0: R1=ctx() R10=fp0
            ; return data[0]; @ pod.bpf.c:12
            1: (71) r0 = *(u8 *)(r2 +0)
            invalid access to packet, off=0 size=1, R2(id=0,off=0,r=0)
            R2 offset is outside of the packet
            processed 2 insns (limit 1000000) max_states_per_insn 0 total_states 0 peak_states 0 mark_read 0
            -- END PROG LOAD LOG --
            libbpf: prog 'from_pod': failed to load: -13
            """;
        Assert.Equal(("from_pod", "R2 offset is outside of the packet (at: return data[0]; @ pod.bpf.c:12)"), VerifierLog.Summarise(Log));
    }

    [Fact]
    public void Summarise_TooComplex_KeepsTheLimitSentence() =>
        Assert.Equal("BPF program is too large. Processed 1000001 insn", VerifierLog.SummariseBody("""
            BPF program is too large. Processed 1000001 insn
            processed 1000001 insns (limit 1000000) max_states_per_insn 4 total_states 10 peak_states 10 mark_read 1
            """));

    [Fact]
    public void Summarise_NoProgramLog_IsNull() => Assert.Null(VerifierLog.Summarise("libbpf: map 'x': failed to create: Invalid argument(-22)\n"));

    [Fact]
    public void Summarise_EmptyBody_SaysSo() => Assert.Equal("the verifier gave no reason", VerifierLog.SummariseBody("\n"));
}
