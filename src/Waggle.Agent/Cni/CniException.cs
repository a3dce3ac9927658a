namespace Waggle.Agent.Cni;

/// <summary>A CNI call that fails in an expected way. Becomes the error object of the CNI specification.</summary>
/// <param name="code">One of <see cref="CniErrorCode"/>.</param>
/// <param name="message">What is wrong, with which object.</param>
/// <param name="details">What to look at or to do.</param>
public sealed class CniException(int code, string message, string details = "", Exception? inner = null) : Exception(message, inner)
{
    public int Code { get; } = code;

    public string Details { get; } = details;
}

/// <summary>Error codes: below 100 as the CNI specification says, from 100 on our own.</summary>
public static class CniErrorCode
{
    public const int IncompatibleVersion = 1;
    public const int UnsupportedField = 2;
    public const int UnknownContainer = 3;
    public const int InvalidEnvironment = 4;
    public const int InputOutput = 5;
    public const int Decode = 6;
    public const int InvalidConfiguration = 7;
    public const int TryAgainLater = 11;
    public const int NotAvailable = 50;

    /// <summary>All addresses of the node are in use.</summary>
    public const int AddressesExhausted = 110;

    /// <summary>The kernel refused a device, address or route.</summary>
    public const int Kernel = 111;

    /// <summary>CHECK found a difference.</summary>
    public const int CheckFailed = 112;
}
