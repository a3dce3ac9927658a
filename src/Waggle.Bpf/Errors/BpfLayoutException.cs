using Waggle.Linux;

namespace Waggle.Bpf;

/// <summary>C and C# (or two objects) disagree about a layout. Names the type, field and offsets.</summary>
public sealed class BpfLayoutException(string subject, string difference) : BpfException("use", subject, Errno.None, difference)
{
    /// <summary>What differs.</summary>
    public string Difference { get; } = difference;
}
