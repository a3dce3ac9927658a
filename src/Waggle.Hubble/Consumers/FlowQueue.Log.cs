using Microsoft.Extensions.Logging;

namespace Waggle.Hubble.Consumers;

internal sealed partial class FlowQueue
{
    [LoggerMessage(7001, LogLevel.Error, "Flow consumer {Name} failed; it goes on with the next flows")]
    private partial void LogFailed(string name, Exception exception);
}
