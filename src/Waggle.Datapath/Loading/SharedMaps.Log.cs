using Microsoft.Extensions.Logging;

namespace Waggle.Datapath.Loading;

internal sealed partial class SharedMaps
{
    [LoggerMessage(4001, LogLevel.Warning, "Pinned map {Map} cannot be used on and is replaced by a new one, its rows will be written again: {Reason}")]
    private partial void LogReplaced(string map, string reason);

    [LoggerMessage(4002, LogLevel.Information, "Pinned map {Map} changes its capacity, its rows are copied: {Reason}")]
    private partial void LogMigrated(string map, string reason);

    [LoggerMessage(4004, LogLevel.Information, "Pinned map {Map} has another layout, its rows are converted: {Reason}")]
    private partial void LogConverted(string map, string reason);

    [LoggerMessage(4003, LogLevel.Warning, "Map {Map}: {Copied} rows were copied, {Left} found no room in the new map")]
    private partial void LogRowsLeft(string map, long copied, long left);
}
