using Google.Protobuf.WellKnownTypes;
using Waggle.Hubble.Protocol.Flows;

namespace Waggle.Hubble.Tests.Filters;

/// <summary>Flows and filters out of few values, so that they meet.</summary>
internal static class RandomFlows
{
    private static readonly string[] Ips = ["10.0.0.1", "10.0.1.2", "192.168.7.9", "fd00::1", "fd00::1:2"];
    private static readonly string[] Ranges = ["10.0.0.1", "10.0.0.0/8", "10.0.1.0/24", "0.0.0.0/0", "fd00::/64", "fd00::1", "::/0", "192.168.7.8/31"];
    private static readonly string[] Namespaces = ["default", "shop", ""];
    private static readonly string[] Pods = ["web-1", "web-2", "db-0", ""];
    private static readonly string[] PodFilters = ["web", "shop/web-1", "shop/", "/db", "default/", "x/y"];
    private static readonly string[] Labels = ["k8s:app=web", "k8s:app=db", "reserved:world", "any:tier=front", "k8s:empty="];
    private static readonly string[] Selectors = ["app=web", "k8s:app=db", "!app", "reserved:world", "tier", "app=web,!tier", "any:app=web"];
    private static readonly string[] Names = ["example.com", "api.example.com", "other.org"];
    private static readonly string[] NamePatterns = ["*.example.com", "example.com.", "*", "*.org"];
    private static readonly string[] Nodes = ["node-1", "east/node-1", "west/node-2", ""];
    private static readonly string[] NodePatterns = ["node-1", "east/*", "west/", "node*", "default/node-1"];
    private static readonly string[] Clusters = ["default", "east"];
    private static readonly uint[] Identities = [0, 1, 2, 1000, 1001];
    private static readonly uint[] PortNumbers = [80, 443, 53, 40000];
    private static readonly string[] Urls = ["http://x/a/b?c=1", "/index.html", "http://y/"];
    private static readonly string[] Methods = ["GET", "POST"];
    private static readonly string[] Traces = ["abc", "def"];
    private static readonly string[] Uuids = ["00000000-0000-8000-8000-000000000001", "u2"];

    public static Flow Flow(Random r)
    {
        var flow = new Flow
        {
            Time = new Timestamp { Seconds = r.Next(1000), Nanos = r.Next(1000) }, Uuid = Pick(r, Uuids), Verdict = Pick(r, System.Enum.GetValues<Verdict>()), Type = FlowType.L3L4,
            NodeName = Pick(r, Nodes), Source = Side(r), Destination = Side(r), TrafficDirection = (TrafficDirection)r.Next(3), EventType = new CiliumEventType { Type = Pick(r, [1, 4, 5, 129]), SubType = r.Next(3) },
        };
        if (flow.EventType.Type == 4)
        {
            flow.TraceObservationPoint = flow.EventType.SubType == 0 ? TraceObservationPoint.ToEndpoint : (TraceObservationPoint)flow.EventType.SubType;
        }

        if (r.Next(8) > 0)
        {
            flow.IP = new IP { Source = Pick(r, Ips), Destination = Pick(r, Ips), IpVersion = (IPVersion)r.Next(1, 3), Encrypted = r.Next(2) == 0, SourceXlated = r.Next(3) == 0 ? Pick(r, Ips) : "" };
            flow.L4 = r.Next(6) switch
            {
                0 => new Layer4 { TCP = new TCP { SourcePort = Pick(r, PortNumbers), DestinationPort = Pick(r, PortNumbers), Flags = Flags(r) } },
                1 => new Layer4 { UDP = new UDP { SourcePort = Pick(r, PortNumbers), DestinationPort = Pick(r, PortNumbers) } },
                2 => new Layer4 { SCTP = new SCTP { SourcePort = Pick(r, PortNumbers), DestinationPort = Pick(r, PortNumbers) } },
                3 => new Layer4 { ICMPv4 = new ICMPv4 { Type = (uint)r.Next(9) } },
                4 => new Layer4 { ICMPv6 = new ICMPv6 { Type = 128, Code = (uint)r.Next(2) } },
                _ => null,
            };
        }

        flow.IsReply = r.Next(3) switch { 0 => true, 1 => false, _ => null };
        flow.DropReasonDesc = flow.Verdict == Verdict.Dropped ? Pick(r, [DropReason.PolicyDenied, DropReason.PolicyDeny]) : 0;
        flow.Interface = r.Next(2) == 0 ? new NetworkInterface { Index = (uint)r.Next(1, 4), Name = Pick(r, ["eth0", "lxc1"]) } : null;
        flow.SourceService = r.Next(3) == 0 ? new Service { Name = Pick(r, ["web", "db"]), Namespace = Pick(r, ["default", "shop"]) } : null;
        flow.DestinationService = r.Next(3) == 0 ? new Service { Name = Pick(r, ["web", "db"]), Namespace = Pick(r, ["default", "shop"]) } : null;
        flow.TraceContext = r.Next(3) == 0 ? new TraceContext { Parent = new TraceParent { TraceId = Pick(r, Traces) } } : null;
        flow.SourceNames.AddRange(Some(r, Names));
        flow.DestinationNames.AddRange(Some(r, Names));
        flow.NodeLabels.AddRange(Some(r, Labels));
        flow.L7 = r.Next(4) switch
        {
            0 => new Layer7 { Type = L7FlowType.Request, Dns = new DNS { Query = Pick(r, Names) + "." } },
            1 => new Layer7 { Type = L7FlowType.Response, Http = new HTTP { Code = Pick<uint>(r, [0, 200, 404, 503]), Method = Pick(r, ["GET", "post", ""]), Url = Pick(r, Urls), Headers = { new HTTPHeader { Key = "k", Value = Pick(r, ["a", "b"]) } } } },
            _ => null,
        };
        return flow;
    }

    public static FlowFilter Filter(Random r)
    {
        var f = new FlowFilter();
        Action[] fields =
        [
            () => f.SourceIp.AddRange(Few(r, Ranges)), () => f.DestinationIp.AddRange(Few(r, Ranges)), () => f.SourceIpXlated.AddRange(Few(r, Ranges)),
            () => f.SourcePod.AddRange(Few(r, PodFilters)), () => f.DestinationPod.AddRange(Few(r, PodFilters)), () => f.SourceService.AddRange(Few(r, PodFilters)), () => f.DestinationService.AddRange(Few(r, PodFilters)),
            () => f.SourceLabel.AddRange(Few(r, Selectors)), () => f.DestinationLabel.AddRange(Few(r, Selectors)), () => f.NodeLabels.AddRange(Few(r, Selectors)),
            () => f.SourceFqdn.AddRange(Few(r, NamePatterns)), () => f.DestinationFqdn.AddRange(Few(r, NamePatterns)), () => f.NodeName.AddRange(Few(r, NodePatterns)),
            () => f.SourceWorkload.Add(Work(r)), () => f.DestinationWorkload.Add(Work(r)), () => f.SourceClusterName.AddRange(Few(r, Clusters)), () => f.DestinationClusterName.AddRange(Few(r, Clusters)),
            () => f.SourceIdentity.AddRange(Few(r, Identities)), () => f.DestinationIdentity.AddRange(Few(r, Identities)),
            () => f.SourcePort.AddRange(Few(r, PortNumbers).Select(p => $"{p}")), () => f.DestinationPort.AddRange(Few(r, PortNumbers).Select(p => $"{p}")),
            () => f.Verdict.AddRange(Few(r, System.Enum.GetValues<Verdict>())), () => f.TrafficDirection.Add((TrafficDirection)r.Next(3)), () => f.DropReasonDesc.Add(Pick(r, [DropReason.PolicyDenied, DropReason.PolicyDeny])),
            () => f.EventType.Add(new EventTypeFilter { Type = Pick(r, [0, 1, 4, 5]), MatchSubType = r.Next(2) == 0, SubType = r.Next(3) }),
            () => f.Reply.Add(r.Next(2) == 0), () => f.Encrypted.Add(r.Next(2) == 0), () => f.IpVersion.Add((IPVersion)r.Next(3)), () => f.TcpFlags.Add(Flags(r, 6)),
            () => f.Interface.Add(new NetworkInterface { Index = (uint)r.Next(4), Name = Pick(r, ["", "eth0", "lxc1"]) }), () => f.Protocol.AddRange(Few(r, ["tcp", "UDP", "icmp", "icmpv4", "icmpv6", "sctp", "dns", "http"])),
            () => f.Uuid.Add(Pick(r, Uuids)), () => f.TraceId.Add(Pick(r, Traces)), () => f.IpTraceId.Add(7), () => f.DnsQuery.Add(Pick(r, ["^api", "example\\.com\\.$", "o+"])),
            () => f.HttpUrl.Add(Pick(r, ["/a/", "^/", "c=1"])), () => f.HttpPath.Add(Pick(r, ["^/a", "html$", "^/$"])), () => f.HttpHeader.Add(new HTTPHeader { Key = "k", Value = "a" }),
            () => f.HttpMethod.AddRange(Few(r, Methods)), () => f.HttpStatusCode.AddRange(Few(r, ["2+", "404", "50+"])),
        ];
        for (var i = r.Next(1, 3); i > 0; i--)
        {
            fields[r.Next(fields.Length)]();
        }

        if (f.HttpUrl.Count + f.HttpPath.Count + f.HttpMethod.Count + f.HttpStatusCode.Count + f.HttpHeader.Count > 0)
        {
            f.EventType.Clear();
        }

        return f;
    }

    private static Endpoint Side(Random r)
    {
        var side = new Endpoint { ID = (uint)r.Next(3), Identity = Pick(r, Identities), ClusterName = Pick(r, Clusters), Namespace = Pick(r, Namespaces), PodName = Pick(r, Pods) };
        side.Labels.AddRange(Some(r, Labels));
        if (r.Next(2) == 0)
        {
            side.Workloads.Add(new Workload { Name = Pick(r, ["web", "db"]), Kind = Pick(r, ["Deployment", "DaemonSet"]) });
        }

        return side;
    }

    private static Workload Work(Random r) => r.Next(2) == 0 ? new Workload { Name = "web" } : new Workload { Name = Pick(r, ["", "db"]), Kind = "Deployment" };

    private static TCPFlags Flags(Random r, int rare = 2) => new() { SYN = r.Next(rare) == 0, ACK = r.Next(rare) == 0, FIN = r.Next(rare) == 0, RST = r.Next(rare) == 0, PSH = r.Next(rare) == 0, URG = r.Next(rare) == 0, ECE = r.Next(rare) == 0, CWR = r.Next(rare) == 0, NS = r.Next(rare) == 0 };

    private static T Pick<T>(Random r, IReadOnlyList<T> from) => from[r.Next(from.Count)];

    private static IEnumerable<T> Some<T>(Random r, T[] from) => from.Where(_ => r.Next(2) == 0).ToArray();

    private static IEnumerable<T> Few<T>(Random r, T[] from) => Enumerable.Range(0, r.Next(1, 3)).Select(_ => from[r.Next(from.Length)]).ToArray();
}
