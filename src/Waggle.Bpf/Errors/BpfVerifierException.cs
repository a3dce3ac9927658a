using Waggle.Linux;

namespace Waggle.Bpf;

/// <summary>The verifier refused a program. The message carries one line; <see cref="Log"/> everything the kernel said.</summary>
public sealed class BpfVerifierException : BpfException
{
    internal BpfVerifierException(string program, Errno errno, string summary, string log)
        : base("load program", program, errno, summary)
    {
        Program = program;
        Summary = summary;
        Log = log;
    }

    /// <summary>Name of the refused program.</summary>
    public string Program { get; }

    /// <summary>The verifier's complaint with the source line it concerns, where it has one.</summary>
    public string Summary { get; }

    /// <summary>The full verifier log and what libbpf added.</summary>
    public string Log { get; }
}
