using Waggle.Linux;

namespace Waggle.Netlink;

/// <summary>A netlink request that the kernel refused, with the text and position of its extended acknowledgement.</summary>
public sealed class NetlinkException : LinuxException
{
    /// <param name="operation">What was tried, e.g. <c>create link</c>.</param>
    /// <param name="target">The object, e.g. <c>eth0</c>.</param>
    /// <param name="errno">The kernel's error number.</param>
    /// <param name="kernelText">The kernel's own words, if it had any.</param>
    /// <param name="offset">Where in the request the offending attribute is, in bytes from its header; null when not said.</param>
    /// <param name="hint">What the user can do.</param>
    public NetlinkException(string operation, string? target, Errno errno, string? kernelText = null, int? offset = null, string? hint = null)
        : base(operation, errno, target, kernelText, hint)
    {
        KernelText = kernelText;
        Offset = offset;
    }

    /// <summary>The kernel's own words (NLMSGERR_ATTR_MSG).</summary>
    public string? KernelText { get; }

    /// <summary>Byte offset of the offending attribute in the request (NLMSGERR_ATTR_OFFS).</summary>
    public int? Offset { get; }
}

/// <summary>Bytes that are no valid netlink message: a length that lies, an attribute too short for its value.</summary>
public sealed class NetlinkFormatException(string message) : FormatException(message);
