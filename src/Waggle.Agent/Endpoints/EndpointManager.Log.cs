using System.Net;
using Microsoft.Extensions.Logging;

namespace Waggle.Agent.Endpoints;

internal sealed partial class EndpointManager
{
    [LoggerMessage(1041, LogLevel.Information, "endpoint {Id} of pod {Pod}: {Ipv4} {Ipv6}, identity {Identity}")]
    private partial void LogAdded(int id, string pod, IPAddress? ipv4, IPAddress? ipv6, uint identity);

    [LoggerMessage(1042, LogLevel.Information, "endpoint {Id} of pod {Pod} removed")]
    private partial void LogRemoved(int id, string pod);

    [LoggerMessage(1043, LogLevel.Information, "{Count} endpoints restored")]
    private partial void LogRestored(int count);

    [LoggerMessage(1044, LogLevel.Information, "endpoint {Id} of pod {Pod} forgotten: its device is gone")]
    private partial void LogForgotten(int id, string pod);

    [LoggerMessage(1045, LogLevel.Warning, "saved endpoint put aside: {Problem}")]
    private partial void LogDamaged(string problem);

    [LoggerMessage(1046, LogLevel.Information, "endpoint {Id} of pod {Pod}: identity {Old} → {New}")]
    private partial void LogRelabelled(int id, string pod, uint old, uint @new);

    [LoggerMessage(1047, LogLevel.Warning, "a failed ADD of {Attachment} is not fully taken back: {Problem}")]
    private partial void LogUndoFailed(string attachment, string problem);
}
