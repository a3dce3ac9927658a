using System.Runtime.InteropServices;

namespace Waggle.Bpf;

/// <summary>The kernel or libbpf refused an operation. Says which operation, on which object, and why.</summary>
public class BpfException : Exception
{
    /// <param name="operation">What was tried, as a verb phrase ("update map").</param>
    /// <param name="subject">On which object (a map, program, path or device).</param>
    /// <param name="errno">The positive errno of the refusal; 0 where there is none.</param>
    /// <param name="detail">What the user can do, or more of the cause.</param>
    public BpfException(string operation, string subject, int errno, string? detail = null)
        : base(Describe(operation, subject, errno, detail))
    {
        Operation = operation;
        Subject = subject;
        Errno = errno;
    }

    /// <summary>What was tried.</summary>
    public string Operation { get; }

    /// <summary>The object it was tried on.</summary>
    public string Subject { get; }

    /// <summary>Positive errno, 0 where the refusal has none.</summary>
    public int Errno { get; }

    private static string Describe(string operation, string subject, int errno, string? detail)
    {
        var cause = errno == 0 ? "" : $": {Marshal.GetPInvokeErrorMessage(errno)} (errno {errno})";
        return detail is null ? $"cannot {operation} {subject}{cause}" : $"cannot {operation} {subject}{cause}: {detail}";
    }

    internal static void Check(int result, string operation, string subject)
    {
        if (result < 0)
        {
            throw new BpfException(operation, subject, -result);
        }
    }
}
