using Waggle.Linux;

namespace Waggle.Bpf;

/// <summary>The kernel or libbpf refused an operation. Says which operation, on which object, and why.</summary>
public class BpfException : LinuxException
{
    /// <param name="operation">What was tried, as a verb phrase ("update map").</param>
    /// <param name="subject">On which object (a map, program, path or device).</param>
    /// <param name="errno">The reason; <see cref="Errno.None"/> where there is no number.</param>
    /// <param name="detail">More of the cause, or what the user can do.</param>
    public BpfException(string operation, string subject, Errno errno, string? detail = null)
        : base(operation, errno, subject, detail, null)
    {
    }

    internal static void Check(int result, string operation, string subject)
    {
        if (result < 0)
        {
            throw new BpfException(operation, subject, (Errno)(-result));
        }
    }
}
