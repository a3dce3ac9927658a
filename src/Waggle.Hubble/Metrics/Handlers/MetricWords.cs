using System.Globalization;
using Waggle.Hubble.Printing;
using Waggle.Hubble.Protocol.Flows;

namespace Waggle.Hubble.Metrics.Handlers;

/// <summary>Words of protocol enums as label values, made once.</summary>
internal static class MetricWords
{
    private static readonly string[] Verdicts = [.. Enumerable.Range(0, 8).Select(i => ProtoNames.Verdict[i].ToLowerInvariant())];
    private static readonly string[] Matches = [.. Enumerable.Range(0, 8).Select(i => EventTypes.PolicyMatch((uint)i).ToLowerInvariant())];

    public static string Direction(TrafficDirection direction) => direction switch
    {
        TrafficDirection.Ingress => "ingress",
        TrafficDirection.Egress => "egress",
        _ => "unknown",
    };

    /// <summary>Lower case, as the policy metric has it.</summary>
    public static string Action(Verdict verdict) => (int)verdict < Verdicts.Length ? Verdicts[(int)verdict] : ((int)verdict).ToString(CultureInfo.InvariantCulture);

    public static string Match(uint type) => Matches[Math.Min(type, 7)];

    /// <summary>Who reports a request: the node of the client, or the server's.</summary>
    public static string Reporter(TrafficDirection direction) => direction switch
    {
        TrafficDirection.Egress => "client",
        TrafficDirection.Ingress => "server",
        _ => "unknown",
    };

    public static string Family(IPVersion version) => version switch
    {
        IPVersion.Ipv4 => "IPv4",
        IPVersion.Ipv6 => "IPv6",
        _ => "IP_NOT_USED",
    };
}
