using System.Net;
using System.Text.RegularExpressions;
using Waggle.Hubble.Protocol.Flows;

namespace Waggle.Hubble.Tests.Filters;

/// <summary>What filters mean, said as plainly as possible over the protobuf message; knows nothing of records or compilation.</summary>
internal static class NaiveEvaluator
{
    public static bool Passes(Flow flow, IReadOnlyCollection<FlowFilter> white, IReadOnlyCollection<FlowFilter> black) =>
        !black.Any(f => Matches(flow, f)) && (white.Count == 0 || white.Any(f => Matches(flow, f)));

    private static bool Matches(Flow flow, FlowFilter f) =>
        Any(f.SourceIp, t => In(flow.IP?.Source, t)) && Any(f.DestinationIp, t => In(flow.IP?.Destination, t)) && Any(f.SourceIpXlated, t => In(flow.IP?.SourceXlated, t))
        && Any(f.SourcePod, n => Named(n, flow.Source?.Namespace, flow.Source?.PodName)) && Any(f.DestinationPod, n => Named(n, flow.Destination?.Namespace, flow.Destination?.PodName))
        && Any(f.SourceService, n => Named(n, flow.SourceService?.Namespace, flow.SourceService?.Name)) && Any(f.DestinationService, n => Named(n, flow.DestinationService?.Namespace, flow.DestinationService?.Name))
        && Any(f.SourceLabel, s => Selected(s, flow.Source?.Labels ?? [])) && Any(f.DestinationLabel, s => Selected(s, flow.Destination?.Labels ?? []))
        && Any(f.SourceWorkload, w => Works(w, flow.Source?.Workloads ?? [])) && Any(f.DestinationWorkload, w => Works(w, flow.Destination?.Workloads ?? []))
        && Any(f.SourceClusterName, c => flow.Source?.ClusterName == c) && Any(f.DestinationClusterName, c => flow.Destination?.ClusterName == c)
        && Any(f.SourceFqdn, p => flow.SourceNames.Any(n => Glob(p.TrimEnd('.'), n))) && Any(f.DestinationFqdn, p => flow.DestinationNames.Any(n => Glob(p.TrimEnd('.'), n)))
        && Any(f.SourceIdentity, i => (flow.Source?.Identity ?? 0) == i) && Any(f.DestinationIdentity, i => (flow.Destination?.Identity ?? 0) == i)
        && Any(f.SourcePort, p => Ports(flow).Source == p) && Any(f.DestinationPort, p => Ports(flow).Destination == p)
        && Any(f.Verdict, v => flow.Verdict == v) && Any(f.TrafficDirection, d => flow.TrafficDirection == d) && Any(f.DropReasonDesc, r => flow.DropReasonDesc == r)
        && Any(f.EventType, t => (t.Type == 0 || flow.EventType.Type == t.Type) && (!t.MatchSubType || flow.EventType.SubType == t.SubType))
        && Any(f.Reply, r => flow.IsReply is { } is_ ? is_ == r : flow.Verdict == Verdict.Dropped && !r)
        && Any(f.IpVersion, v => (flow.IP?.IpVersion ?? IPVersion.IpNotUsed) == v) && Any(f.Encrypted, e => (flow.IP?.Encrypted ?? false) == e)
        && Any(f.Interface, i => flow.Interface is { } has && (i.Index == 0 || i.Index == has.Index) && (i.Name.Length == 0 || i.Name == has.Name))
        && Any(f.TcpFlags, w => flow.L4?.TCP?.Flags is { } has && (!w.FIN || has.FIN) && (!w.SYN || has.SYN) && (!w.RST || has.RST) && (!w.PSH || has.PSH) && (!w.ACK || has.ACK)
            && (!w.URG || has.URG) && (!w.ECE || has.ECE) && (!w.CWR || has.CWR) && (!w.NS || has.NS))
        && Any(f.Protocol, p => Speaks(flow, p)) && Any(f.NodeName, n => Node(n, flow.NodeName)) && Any(f.NodeLabels, s => Selected(s, flow.NodeLabels))
        && Any(f.Uuid, u => flow.Uuid == u) && Any(f.TraceId, t => flow.TraceContext?.Parent?.TraceId == t) && Any(f.IpTraceId, t => flow.IpTraceId?.TraceId == t)
        && Any(f.DnsQuery, p => flow.L7?.Dns is { } dns && Regex.IsMatch(dns.Query, p))
        && Any(f.HttpStatusCode, c => flow.L7?.Http is { Code: > 0 } h && (c.EndsWith('+') ? $"{h.Code:000}".StartsWith(c[..^1], StringComparison.Ordinal) : $"{h.Code:000}" == c))
        && Any(f.HttpMethod, m => flow.L7?.Http is { Method.Length: > 0 } h && h.Method.Equals(m, StringComparison.OrdinalIgnoreCase))
        && Any(f.HttpUrl, p => flow.L7?.Http is { Url.Length: > 0 } h && Regex.IsMatch(h.Url, p))
        && Any(f.HttpPath, p => flow.L7?.Http is { Url.Length: > 0 } h && Regex.IsMatch(new Uri(new Uri("http://x"), h.Url).AbsolutePath, p))
        && Any(f.HttpHeader, w => flow.L7?.Http?.Headers.Any(h => h.Key == w.Key && h.Value == w.Value) == true);

    private static bool Any<T>(IReadOnlyCollection<T> values, Func<T, bool> matches) => values.Count == 0 || values.Any(matches);

    private static bool In(string? address, string range)
    {
        if (string.IsNullOrEmpty(address))
        {
            return false;
        }

        var ip = IPAddress.Parse(address);
        return range.Contains('/') ? IPNetwork.Parse(range).Contains(ip) : ip.Equals(IPAddress.Parse(range));
    }

    private static bool Named(string pattern, string? ns, string? name)
    {
        if (string.IsNullOrEmpty(ns) && string.IsNullOrEmpty(name))
        {
            return false;
        }

        var parts = pattern.Contains('/') ? pattern.Split('/', 2) : ["default", pattern];
        return (parts[0] == "" || parts[0] == ns) && (name ?? "").StartsWith(parts[1], StringComparison.Ordinal);
    }

    /// <summary>Only the forms that the test makes: "key=value", "!key", "key".</summary>
    private static bool Selected(string selector, IEnumerable<string> labels)
    {
        var all = labels.Select(l => (Source: l[..l.IndexOf(':')], Key: l[(l.IndexOf(':') + 1)..].Split('=')[0], Value: l.Contains('=') ? l[(l.IndexOf('=') + 1)..] : "")).ToList();
        return selector.Split(',').All(part =>
        {
            var (not, text) = (part.StartsWith('!'), part.TrimStart('!'));
            var (key, value) = text.Contains('=') ? (text.Split('=')[0], text.Split('=')[1]) : (text, null);
            var (source, name) = key.Contains(':') ? (key.Split(':')[0], key.Split(':')[1]) : (null, key);
            return not != all.Any(l => l.Key == name && (source is null or "any" || source == l.Source) && (value is null || value == l.Value));
        });
    }

    private static bool Works(Workload wanted, IEnumerable<Workload> has) => has.Any(w => (wanted.Name == "" || wanted.Name == w.Name) && (wanted.Kind == "" || wanted.Kind == w.Kind));

    private static bool Glob(string pattern, string name) => Regex.IsMatch(name, "^" + Regex.Escape(pattern).Replace("\\*", "[-.0-9a-zA-Z_]*") + "$", RegexOptions.IgnoreCase);

    private static bool Node(string pattern, string name)
    {
        var (cluster, node) = name.Contains('/') ? (name.Split('/')[0], name.Split('/')[1]) : ("default", name);
        var (wantCluster, wantNode) = pattern.Contains('/') ? (pattern.Split('/')[0], pattern.Split('/')[1]) : ("*", pattern);
        static bool Is(string p, string t) => Regex.IsMatch(t, "^" + Regex.Escape(p == "" ? "*" : p).Replace("\\*", "[^/]*") + "$", RegexOptions.IgnoreCase);
        return node != "" && Is(wantCluster, cluster) && Is(wantNode, node);
    }

    private static (string Source, string Destination) Ports(Flow flow) => flow.L4?.ProtocolCase switch
    {
        Layer4.ProtocolOneofCase.TCP => ($"{flow.L4.TCP.SourcePort}", $"{flow.L4.TCP.DestinationPort}"),
        Layer4.ProtocolOneofCase.UDP => ($"{flow.L4.UDP.SourcePort}", $"{flow.L4.UDP.DestinationPort}"),
        Layer4.ProtocolOneofCase.SCTP => ($"{flow.L4.SCTP.SourcePort}", $"{flow.L4.SCTP.DestinationPort}"),
        _ => ("-", "-"),
    };

    private static bool Speaks(Flow flow, string protocol) => protocol.ToLowerInvariant() switch
    {
        "tcp" => flow.L4?.TCP is not null,
        "udp" => flow.L4?.UDP is not null,
        "sctp" => flow.L4?.SCTP is not null,
        "icmpv4" => flow.L4?.ICMPv4 is not null,
        "icmpv6" => flow.L4?.ICMPv6 is not null,
        "icmp" => flow.L4?.ICMPv4 is not null || flow.L4?.ICMPv6 is not null,
        "dns" => flow.L7?.Dns is not null,
        "http" => flow.L7?.Http is not null,
        _ => throw new ArgumentException(protocol),
    };
}
