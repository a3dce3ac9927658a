namespace Waggle.Hubble.Rpc;

/// <summary>gRPC status codes.</summary>
public enum RpcStatusCode
{
    OK = 0,
    Cancelled = 1,
    Unknown = 2,
    InvalidArgument = 3,
    DeadlineExceeded = 4,
    NotFound = 5,
    AlreadyExists = 6,
    PermissionDenied = 7,
    ResourceExhausted = 8,
    FailedPrecondition = 9,
    Aborted = 10,
    OutOfRange = 11,
    Unimplemented = 12,
    Internal = 13,
    Unavailable = 14,
    DataLoss = 15,
    Unauthenticated = 16,
}

/// <summary>A call ended with a status other than OK. A server method throws it to choose the status; a client gets it.</summary>
public sealed class RpcException(RpcStatusCode code, string detail, Exception? inner = null) : Exception($"{code}: {detail}", inner)
{
    /// <summary>The status.</summary>
    public RpcStatusCode Code { get; } = code;

    /// <summary>The text that travels with it.</summary>
    public string Detail { get; } = detail;

    /// <summary>For a client that reached nobody: whom it called.</summary>
    public RpcTarget? Target { get; init; }
}
