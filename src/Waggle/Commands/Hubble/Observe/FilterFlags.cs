using Waggle.Cli;
using Waggle.Hubble.Printing;

namespace Waggle.Commands.Hubble.Observe;

/// <summary>The flags that select flows. Their order matters: <c>--not</c> turns the next one round.</summary>
internal static class FilterFlags
{
    private const string Group = "Filter flags";

    private static readonly string[] Protocols = ["icmp", "icmpv4", "icmpv6", "igmp", "sctp", "tcp", "udp", "vrrp", "dns", "http", "kafka"];

    public static readonly IReadOnlyList<string> TcpFlags = ["syn", "ack", "fin", "rst", "psh", "urg", "ece", "cwr", "ns"];

    public static readonly IReadOnlyList<string> Verdicts = ["FORWARDED", "DROPPED", "AUDIT", "REDIRECTED", "ERROR", "TRACED", "TRANSLATED"];

    private static readonly string[] Types =
        [.. EventTypes.Flows.Select(type => type.Name), .. EventTypes.TracePoints.Select(point => "trace:" + point)];

    /// <summary>All of them, for help, parsing and completion.</summary>
    public static IReadOnlyList<IFlag> Create() =>
    [
        Switch("not", "turn the next filter round: --not --from-ip 2.2.2.2"),
        .. Sides("pod", "POD", "pod, as [NAMESPACE/]PREFIX; without a namespace, \"default\""),
        .. Sides("namespace", "NAMESPACE", "Kubernetes namespace", "-n"),
        Switch("all-namespaces", "pods of any namespace", "-A"), Switch("from-all-namespaces", "from pods of any namespace"), Switch("to-all-namespaces", "to pods of any namespace"),
        .. Sides("label", "SELECTOR", "endpoint labels, e.g. key1=value1 or reserved:world", "-l"),
        .. Sides("service", "SERVICE", "service whose address was meant, as [NAMESPACE/]PREFIX; without a namespace, \"default\""),
        .. Sides("workload", "WORKLOAD", "workload, as NAME, KIND/NAME or KIND/"),
        .. Sides("identity", "IDENTITY", "security identity, by number or name (world, host, …)", values: () => ReservedIdentities.All),
        .. Sides("ip", "ADDRESS", "IP address, or prefix such as 10.0.0.0/8"),
        .. Sides("fqdn", "NAME", "DNS name, e.g. \"*.cilium.io\""),
        .. Sides("port", "PORT", "port"),
        .. Sides("cluster", "CLUSTER", "cluster name, e.g. \"prod-*\""),
        Values("snat-ip", "ADDRESS", "address or prefix that the source was translated to"),
        Values("verdict", "VERDICT", "outcome", Verdicts),
        Values("drop-reason-desc", "REASON", "why it was dropped, e.g. POLICY_DENIED", ProtoNames.DropReason.All),
        Values("type", "TYPE[:SUBTYPE]", "kind of event: " + string.Join(", ", EventTypes.Flows.Select(type => type.Name)) + "; trace takes a place, e.g. trace:to-endpoint", Types, "-t"),
        Values("protocol", "PROTOCOL", "protocol of layer 4 or 7, e.g. udp, http", Protocols),
        Values("tcp-flags", "FLAGS", "TCP flags, e.g. syn or syn,ack", TcpFlags),
        Values("traffic-direction", "DIRECTION", "ingress or egress, seen from the pod", ["ingress", "egress"]),
        Switch("ipv4", "IPv4 only", "-4", "v4", "4", "ipv4", "ip4"), Switch("ipv6", "IPv6 only", "-6", "v6", "6", "ipv6", "ip6"),
        Values("ip-version", "VERSION", "v4, v6, or none for what is no IP", ["none", "v4", "v6"]),
        Switch("reply", "answers only"), Switch("encrypted", "encrypted packets only"), Switch("unencrypted", "packets in the clear only"),
        Values("interface", "NAME", "network device"),
        Values("node-name", "NODE", "node, e.g. \"k8s*\" or \"test-cluster/*.company.com\""),
        Values("node-label", "SELECTOR", "labels of the node, e.g. key1=value1"),
        Values("dns-query", "REGEX", "DNS name that was asked for"),
        Values("http-status", "CODE", "HTTP status, e.g. 404 or 5+"),
        Values("http-method", "METHOD", "HTTP method, e.g. get", ["get", "head", "post", "put", "delete", "patch", "options", "connect", "trace"]),
        Values("http-path", "REGEX", "HTTP path, e.g. \"/page/\\d+\""),
        Values("http-url", "REGEX", "HTTP URL"),
        Values("http-header", "KEY:VALUE", "HTTP header"),
        Values("trace-id", "ID", "trace that the request belongs to"),
        Values("ip-trace-id", "ID", "trace that the packet's IP option names, a number"),
        Values("uuid", "UUID", "the one flow of this uuid"),
        Values("cel-expression", "EXPRESSION", "expression of the Common Expression Language over the flow, e.g. \"_flow.verdict == Verdict.DROPPED\""),
    ];

    private static IEnumerable<IFlag> Sides(string name, string value, string what, string? shortName = null, Func<IEnumerable<string>>? values = null)
    {
        yield return Values(name, value, $"either side: {what}", values?.Invoke(), shortName);
        yield return Values("from-" + name, value, $"source: {what}", values?.Invoke());
        yield return Values("to-" + name, value, $"destination: {what}", values?.Invoke());
    }

    private static Flag<string[]> Values(string name, string value, string what, IEnumerable<string>? words = null, string? shortName = null) =>
        new("--" + name, what, shortName is null ? [] : [shortName]) { Group = Group, HelpName = value, Values = words is null ? null : _ => words.Select(word => new Candidate(word)) };

    private static Flag<bool> Switch(string name, string what, string? shortName = null, params string[] saysNoMore) =>
        new("--" + name, what, shortName is null ? [] : [shortName]) { Group = Group, SaysNoMore = saysNoMore };
}
