namespace Waggle.Bpf;

/// <summary>Outcome of <see cref="BpfProgram.TestRun(ReadOnlySpan{byte}, Span{byte}, int)"/>.</summary>
/// <param name="ReturnValue">What the program returned.</param>
/// <param name="OutputLength">Bytes of packet written to the output buffer.</param>
/// <param name="Duration">Mean run time in nanoseconds over the repeats.</param>
public readonly record struct BpfTestRunResult(uint ReturnValue, int OutputLength, uint Duration);
