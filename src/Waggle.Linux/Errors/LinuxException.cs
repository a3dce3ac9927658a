using System.Runtime.InteropServices;

namespace Waggle.Linux;

/// <summary>A refusal by the kernel: what was tried, on which object, the kernel's reason and, where we know one, the remedy.</summary>
public class LinuxException : IOException
{
    /// <param name="operation">What was tried, as a verb phrase: <c>mount overlay</c>.</param>
    /// <param name="errno">The kernel's error number.</param>
    /// <param name="target">The object: a path, an interface name, a process id.</param>
    /// <param name="hint">What the user can do about it.</param>
    public LinuxException(string operation, Errno errno, string? target = null, string? hint = null)
        : base(Format(operation, errno, target, null, hint), (int)errno)
    {
        Operation = operation;
        Errno = errno;
        Target = target;
        Hint = hint;
    }

    /// <summary>For derived exceptions that know more than the error number.</summary>
    protected LinuxException(string operation, Errno errno, string? target, string? detail, string? hint)
        : base(Format(operation, errno, target, detail, hint), (int)errno)
    {
        Operation = operation;
        Errno = errno;
        Target = target;
        Hint = hint;
    }

    /// <summary>What was tried.</summary>
    public string Operation { get; }

    /// <summary>The kernel's error number.</summary>
    public Errno Errno { get; }

    /// <summary>The object of the operation, if it had one.</summary>
    public string? Target { get; }

    /// <summary>What the user can do, if known.</summary>
    public string? Hint { get; }

    /// <summary>The exception for the error number the last P/Invoke on this thread left behind.</summary>
    internal static LinuxException Last(string operation, string? target = null, string? hint = null)
    {
        Errno errno = (Errno)Marshal.GetLastPInvokeError();
        return new LinuxException(operation, errno, target, hint ?? ErrnoText.Hint(errno));
    }

    private static string Format(string operation, Errno errno, string? target, string? detail, string? hint)
    {
        string text = target is null ? operation : $"{operation} {target}";
        if (errno != Errno.None)
            text += $": {ErrnoText.Describe(errno)}";
        if (!string.IsNullOrEmpty(detail))
            text += $": {detail}";
        return string.IsNullOrEmpty(hint) ? text : $"{text}. {hint}";
    }
}
