using Microsoft.Extensions.Logging;

namespace Waggle.Operator.NodeIpam;

public sealed partial class NodeIpamFeature
{
    [LoggerMessage(2021, LogLevel.Information, "node {Node} has pod prefixes {Prefixes}")]
    private partial void LogGiven(string node, string prefixes);

    [LoggerMessage(2022, LogLevel.Warning, "node {Node}: prefix {Prefix} overlaps another node's; remove one of the CiliumNodes or its spec.ipam.podCIDRs")]
    private partial void LogOverlap(string node, string prefix);

    [LoggerMessage(2023, LogLevel.Error, "node {Node} gets no pod prefix: {Problem}")]
    private partial void LogExhausted(string node, string problem);

    [LoggerMessage(2024, LogLevel.Warning, "node {Node}: {Problem}; trying again")]
    private partial void LogFailed(string node, string problem);
}
