using Microsoft.Extensions.Logging;

namespace Waggle.Hubble.Rpc.Server;

public sealed partial class RpcServer
{
    [LoggerMessage(7011, LogLevel.Error, "gRPC method {Method} failed")]
    private partial void LogFault(string method, Exception exception);
}
