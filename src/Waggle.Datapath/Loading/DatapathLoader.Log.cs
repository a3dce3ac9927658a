using Microsoft.Extensions.Logging;

namespace Waggle.Datapath.Loading;

public sealed partial class DatapathLoader
{
    [LoggerMessage(4010, LogLevel.Information, "Datapath loaded: {Programs} programs, {Maps} shared maps of which {Adopted} adopted")]
    private partial void LogLoaded(int programs, int maps, int adopted);
}
