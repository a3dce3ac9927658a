using Waggle.Bpf.Interop;

namespace Waggle.Bpf;

public sealed unsafe partial class BpfProgram
{
    /// <summary>
    /// Runs the program on a packet (BPF_PROG_TEST_RUN). For tc programs the packet starts at the Ethernet header and must have
    /// at least 14 bytes; the kernel presents it as received on the loopback device of the caller's network namespace unless
    /// the context says otherwise.
    /// </summary>
    /// <param name="packet">Packet in.</param>
    /// <param name="output">Buffer for the packet as the program left it; may be empty.</param>
    /// <param name="repeat">Runs; the same packet buffer is used again, so a program that edits it sees its own edits.</param>
    /// <exception cref="BpfException">Not supported for this program type, or the output did not fit (ENOSPC).</exception>
    public BpfTestRunResult TestRun(ReadOnlySpan<byte> packet, Span<byte> output = default, int repeat = 1) =>
        Run(packet, output, null, null, 0, repeat);

    /// <summary>As above with a context for tc programs: mark, ifindex, cb, … in, and as the program left it out.</summary>
    public BpfTestRunResult TestRun(ReadOnlySpan<byte> packet, Span<byte> output, ref SkBuffContext context, int repeat = 1)
    {
        fixed (SkBuffContext* c = &context)
        {
            var input = *c;
            return Run(packet, output, &input, c, sizeof(SkBuffContext), repeat);
        }
    }

    /// <summary>As above with a context of any program type (xdp_md, bpf_sk_lookup, …) as bytes.</summary>
    public BpfTestRunResult TestRun(ReadOnlySpan<byte> packet, Span<byte> output, Span<byte> context, int repeat = 1)
    {
        fixed (byte* c = context)
        {
            var input = context.ToArray();
            fixed (byte* i = input)
            {
                return Run(packet, output, i, c, context.Length, repeat);
            }
        }
    }

    private BpfTestRunResult Run(ReadOnlySpan<byte> packet, Span<byte> output, void* contextIn, void* contextOut, int contextSize, int repeat)
    {
        fixed (byte* data = packet)
        fixed (byte* result = output)
        {
            var opts = new BpfTestRunOpts
            {
                Sz = (nuint)sizeof(BpfTestRunOpts),
                DataIn = data,
                DataSizeIn = (uint)packet.Length,
                DataOut = result,
                DataSizeOut = (uint)output.Length,
                CtxIn = contextIn,
                CtxSizeIn = (uint)contextSize,
                CtxOut = contextOut,
                CtxSizeOut = (uint)contextSize,
                Repeat = repeat,
            };
            BpfException.Check(Libbpf.bpf_prog_test_run_opts(Handle, &opts), "test-run program", Name);
            return new BpfTestRunResult(opts.Retval, (int)opts.DataSizeOut, opts.Duration);
        }
    }
}
