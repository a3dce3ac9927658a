using Microsoft.Extensions.Logging;

namespace Waggle.Datapath.Attaching;

public sealed partial class Attachments
{
    [LoggerMessage(4020, LogLevel.Information, "Pinned link {Pin} removed: its device is gone")]
    private partial void LogPruned(string pin);
}
