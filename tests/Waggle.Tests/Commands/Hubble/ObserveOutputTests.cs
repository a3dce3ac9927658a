using Waggle.Cli;
using Waggle.Commands;
using Waggle.Tests.Support;

namespace Waggle.Tests.Commands.Hubble;

/// <summary>Lines as people and scripts know them, from flows in a file.</summary>
public sealed class ObserveOutputTests : IDisposable
{
    private const string Syn = """{"flow":{"time":"2026-11-21T06:30:05.123456789Z","uuid":"u1","verdict":"FORWARDED","ethernet":{"source":"0a:00:00:00:00:01","destination":"0a:00:00:00:00:02"},"IP":{"source":"10.0.1.5","destination":"10.0.2.9","ipVersion":"IPv4"},"l4":{"TCP":{"source_port":41000,"destination_port":80,"flags":{"SYN":true}}},"source":{"identity":1001,"namespace":"default","pod_name":"client"},"destination":{"ID":77,"identity":1002,"namespace":"default","pod_name":"server"},"Type":"L3_L4","node_name":"kind-worker","event_type":{"type":4},"traffic_direction":"INGRESS","trace_observation_point":"TO_ENDPOINT","is_reply":false},"node_name":"kind-worker","time":"2026-11-21T06:30:05.123456789Z"}""";

    private const string SynAck = """{"flow":{"time":"2026-11-21T06:30:05.124Z","verdict":"FORWARDED","IP":{"source":"10.0.2.9","destination":"10.0.1.5","ipVersion":"IPv4"},"l4":{"TCP":{"source_port":80,"destination_port":41000,"flags":{"SYN":true,"ACK":true}}},"source":{"identity":1002,"namespace":"default","pod_name":"server"},"destination":{"identity":1001,"namespace":"default","pod_name":"client"},"Type":"L3_L4","node_name":"kind-worker","event_type":{"type":4,"sub_type":4},"is_reply":true},"node_name":"kind-worker","time":"2026-11-21T06:30:05.124Z"}""";

    private const string Drop = """{"flow":{"time":"2026-11-21T06:30:06Z","verdict":"DROPPED","IP":{"source":"fd00::a","destination":"2001:db8::1","ipVersion":"IPv6"},"l4":{"UDP":{"source_port":5000,"destination_port":53}},"source":{"identity":1001,"namespace":"default","pod_name":"client"},"destination":{"identity":2,"labels":["reserved:world"]},"destination_names":["dns.example.org"],"Type":"L3_L4","node_name":"kind-worker","event_type":{"type":1,"sub_type":133},"drop_reason_desc":"POLICY_DENIED","egress_denied_by":[{"name":"no-dns","namespace":"default"}]},"node_name":"kind-worker","time":"2026-11-21T06:30:06Z"}""";

    private const string Allowed = """{"flow":{"time":"2026-11-21T06:30:07Z","verdict":"FORWARDED","IP":{"source":"10.0.1.5","destination":"10.0.2.9","ipVersion":"IPv4"},"l4":{"TCP":{"source_port":41000,"destination_port":80,"flags":{"SYN":true}}},"source":{"identity":1001,"namespace":"default","pod_name":"client"},"destination":{"identity":1002,"namespace":"default","pod_name":"server"},"node_name":"kind-worker","event_type":{"type":5},"traffic_direction":"INGRESS","policy_match_type":2,"is_reply":false,"ingress_allowed_by":[{"name":"allow-web","namespace":"default"}]},"node_name":"kind-worker","time":"2026-11-21T06:30:07Z"}""";

    private const string Denied = """{"flow":{"time":"2026-11-21T06:30:08Z","verdict":"DROPPED","IP":{"source":"10.0.1.5","destination":"10.0.2.9","ipVersion":"IPv4"},"l4":{"ICMPv4":{"type":8}},"source":{"identity":1},"destination":{"identity":1002,"namespace":"default","pod_name":"server"},"event_type":{"type":5},"traffic_direction":"EGRESS","is_reply":false,"auth_type":"SPIRE"},"node_name":"n","time":"2026-11-21T06:30:08Z"}""";

    private const string DeniedSyn = """{"flow":{"time":"2026-11-21T06:30:08Z","verdict":"DROPPED","drop_reason_desc":"POLICY_DENIED","IP":{"source":"10.0.1.6","destination":"10.0.2.9","ipVersion":"IPv4"},"l4":{"TCP":{"source_port":41001,"destination_port":80,"flags":{"SYN":true}}},"source":{"identity":1003,"namespace":"default","pod_name":"xwing"},"destination":{"identity":1002,"namespace":"default","pod_name":"server"},"node_name":"n","event_type":{"type":5},"traffic_direction":"INGRESS"},"node_name":"n","time":"2026-11-21T06:30:08Z"}""";

    private const string Audited = """{"flow":{"time":"2026-11-21T06:30:08Z","verdict":"AUDIT","IP":{"source":"10.0.1.6","destination":"10.0.2.9","ipVersion":"IPv4"},"l4":{"UDP":{"source_port":5000,"destination_port":53}},"source":{"identity":1003,"namespace":"default","pod_name":"xwing"},"destination":{"identity":1002,"namespace":"default","pod_name":"server"},"node_name":"n","event_type":{"type":5},"traffic_direction":"EGRESS","is_reply":false},"node_name":"n","time":"2026-11-21T06:30:08Z"}""";

    private const string Arp = """{"flow":{"time":"2026-11-21T06:30:09Z","verdict":"FORWARDED","ethernet":{"source":"0a:00:00:00:00:01","destination":"ff:ff:ff:ff:ff:ff"},"event_type":{"type":4,"sub_type":5}},"node_name":"n","time":"2026-11-21T06:30:09Z"}""";

    private const string Dns = """{"flow":{"time":"2026-11-21T06:30:10Z","verdict":"FORWARDED","IP":{"source":"10.0.2.10","destination":"10.0.1.5","ipVersion":"IPv4"},"l4":{"UDP":{"source_port":53,"destination_port":40000}},"source":{"identity":104,"namespace":"kube-system","pod_name":"coredns"},"destination":{"identity":1001,"namespace":"default","pod_name":"client"},"Type":"L7","l7":{"type":"RESPONSE","dns":{"query":"example.org.","ips":["192.0.2.1","192.0.2.2"],"ttl":30,"qtypes":["A"],"observation_source":"proxy"}},"event_type":{"type":129},"is_reply":true},"node_name":"n","time":"2026-11-21T06:30:10Z"}""";

    private const string Http = """{"flow":{"time":"2026-11-21T06:30:11Z","verdict":"FORWARDED","IP":{"source":"10.0.1.5","destination":"10.96.0.7","ipVersion":"IPv4"},"l4":{"TCP":{"source_port":41000,"destination_port":80}},"source":{"identity":1001,"namespace":"default","pod_name":"client"},"destination":{"identity":1002},"destination_service":{"name":"api","namespace":"shop"},"Type":"L7","l7":{"type":"REQUEST","http":{"method":"GET","url":"http://api/x","protocol":"HTTP/1.1"}},"event_type":{"type":129},"is_reply":false},"node_name":"n","time":"2026-11-21T06:30:11Z"}""";

    private const string Join = """{"flow":{"time":"2026-11-21T06:30:11Z","verdict":"FORWARDED","IP":{"destination":"225.0.0.50","ipVersion":"IPv4"},"l4":{"IGMP":{"type":34,"group_address":"225.0.0.50"}},"source":{"ID":7,"identity":1001,"namespace":"default","pod_name":"listener"},"destination":{"identity":2,"labels":["reserved:world"]},"Type":"L3_L4","event_type":{"type":64,"sub_type":1},"Summary":"IGMP MembershipReportV3","membership":{"change":"JOIN","group":"225.0.0.50","protocol":"IGMPV3","filter_mode":"EXCLUDE"}},"node_name":"n","time":"2026-11-21T06:30:11Z"}""";

    private const string Lost = """{"lost_events":{"source":"HUBBLE_RING_BUFFER","num_events_lost":"12","cpu":3},"node_name":"n","time":"2026-11-21T06:30:12Z"}""";

    private readonly TempFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData(Syn, "Nov 21 06:30:05.123: default/client:41000 (ID:1001) -> default/server:80 (ID:1002) to-endpoint FORWARDED (TCP Flags: SYN)\n")]
    [InlineData(SynAck, "Nov 21 06:30:05.124: default/client:41000 (ID:1001) <- default/server:80 (ID:1002) to-overlay FORWARDED (TCP Flags: SYN, ACK)\n")]
    [InlineData(Drop, "Nov 21 06:30:06.000: default/client:5000 (ID:1001) <> dns.example.org:53 (world) Policy denied DROPPED (UDP)\n")]
    [InlineData(Allowed, "Nov 21 06:30:07.000: default/client:41000 (ID:1001) -> default/server:80 (ID:1002) policy-verdict:L3-L4 INGRESS ALLOWED (TCP Flags: SYN)\n")]
    [InlineData(Denied, "Nov 21 06:30:08.000: 10.0.1.5 (host) -> default/server (ID:1002) policy-verdict:none EGRESS DENIED (ICMPv4 EchoRequest; Auth: SPIRE)\n")]
    [InlineData(DeniedSyn, "Nov 21 06:30:08.000: default/xwing:41001 (ID:1003) <> default/server:80 (ID:1002) policy-verdict:none INGRESS DENIED (TCP Flags: SYN)\n")]
    [InlineData(Audited, "Nov 21 06:30:08.000: default/xwing:5000 (ID:1003) -> default/server:53 (ID:1002) policy-verdict:none EGRESS AUDITED (UDP)\n")]
    [InlineData(Arp, "Nov 21 06:30:09.000: 0a:00:00:00:00:01 (unknown) <> ff:ff:ff:ff:ff:ff (unknown) from-endpoint FORWARDED ()\n")]
    [InlineData(Dns, "Nov 21 06:30:10.000: default/client:40000 (ID:1001) <- kube-system/coredns:53 (ID:104) dns-response proxy FORWARDED (DNS Answer \"192.0.2.1,192.0.2.2\" TTL: 30 (Proxy example.org. A))\n")]
    [InlineData(Http, "Nov 21 06:30:11.000: default/client:41000 (ID:1001) -> shop/api:80 (ID:1002) http-request FORWARDED (HTTP/1.1 GET http://api/x)\n")]
    [InlineData(Join, "Nov 21 06:30:11.000: default/listener (ID:1001) <> 225.0.0.50 (world) multicast-join FORWARDED (IGMP MembershipReportV3)\n")]
    public async Task Compact_IsTheKnownLine(string flow, string line) => Assert.Equal(line, await ObserveAsync([flow]));

    [Fact]
    public async Task Compact_WithNodeAndPolicies() => Assert.Equal(
        "Nov 21 06:30:07.000 [kind-worker]: default/client:41000 (ID:1001) -> default/server:80 (ID:1002) policy-verdict:L3-L4 INGRESS ALLOWED BY default/allow-web (TCP Flags: SYN)\n" +
        "Nov 21 06:30:06.000 [kind-worker]: default/client:5000 (ID:1001) <> dns.example.org:53 (world) Policy denied DROPPED BY default/no-dns (UDP)\n",
        await ObserveAsync([Allowed, Drop], "--print-node-name", "--print-policy-names"));

    [Theory]
    [InlineData("--numeric")]
    [InlineData("--ip-translation=false")]
    public async Task Numeric_ShowsAddresses(string flag) => Assert.Equal(
        "Nov 21 06:30:06.000: [fd00::a]:5000 (ID:1001) <> [2001:db8::1]:53 (world) Policy denied DROPPED (UDP)\n", await ObserveAsync([Drop], flag));

    [Fact]
    public async Task Dict_OneFieldOnEachLine() => Assert.Equal(
        """
          TIMESTAMP: 2026-11-21T06:30:05.123456789Z
             SOURCE: default/client:41000
        DESTINATION: default/server:80
               TYPE: to-endpoint
            VERDICT: FORWARDED
            SUMMARY: TCP Flags: SYN
        ------------
          TIMESTAMP: 2026-11-21T06:30:07Z
             SOURCE: default/client:41000
        DESTINATION: default/server:80
               TYPE: policy-verdict:L3-L4 INGRESS
            VERDICT: ALLOWED
            SUMMARY: TCP Flags: SYN

        """,
        await ObserveAsync([Syn, Allowed], "-o", "dict", "--time-format", "RFC3339Nano"));

    [Fact]
    public async Task Table_ColumnsAreAligned() => Assert.Equal(
        """
        TIMESTAMP             SOURCE                 DESTINATION          TYPE            VERDICT     SUMMARY
        Nov 21 06:30:05.123   default/client:41000   default/server:80    to-endpoint     FORWARDED   TCP Flags: SYN
        Nov 21 06:30:06.000   default/client:5000    dns.example.org:53   Policy denied   DROPPED     UDP

        """,
        await ObserveAsync([Syn, Drop], "-o", "table"));

    [Theory]
    [InlineData("YearMonthDay", "2026-11-21")]
    [InlineData("YearMonthDayHour", "2026-11-21T06Z")]
    [InlineData("yearmonthdayhourminute", "2026-11-21T06:30Z")]
    [InlineData("RFC3339", "2026-11-21T06:30:05Z")]
    [InlineData("RFC3339Milli", "2026-11-21T06:30:05.123Z")]
    [InlineData("RFC3339Micro", "2026-11-21T06:30:05.123456Z")]
    [InlineData("RFC1123Z", "Sat, 21 Nov 2026 06:30:05 +0000")]
    public async Task TimeFormat_Holds(string format, string time) => Assert.StartsWith(time + ": ", await ObserveAsync([Syn], "--time-format", format));

    [Fact]
    public async Task Jsonpb_ReadsBackAsItself()
    {
        var once = await ObserveAsync([Syn, Drop, Dns, Http], "-o", "jsonpb");
        var twice = await ObserveAsync(once.Split('\n'), "-o", "json");
        Assert.Equal(once, twice);
        Assert.Contains("\"source_port\":41000", once.Replace(" ", "", StringComparison.Ordinal));
        Assert.Contains("\"drop_reason_desc\":\"POLICY_DENIED\"", once.Replace(" ", "", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("--from-pod default/client", 3)]
    [InlineData("--verdict DROPPED", 1)]
    [InlineData("--type policy-verdict", 1)]
    [InlineData("--not --verdict DROPPED", 2)]
    [InlineData("--first 2", 2)]
    [InlineData("--last 1", 1)]
    [InlineData("--since 2026-11-21T06:30:06Z", 2)]
    [InlineData("--until 2026-11-21T06:30:06.5Z", 2)]
    [InlineData("--since 2026-11-21", 3)]
    [InlineData("--since 2026-11-22", 0)]
    [InlineData("--since 2026-11-21T07Z", 0)]
    [InlineData("--since 2026-11-21T08:30:06+02:00 --until 2026-11-21T06:31Z", 2)]
    public async Task InputFile_IsFilteredAsAServerDoes(string flags, int lines)
    {
        var output = await ObserveAsync([Syn, Drop, Allowed], flags.Split(' '));
        Assert.Equal(lines, output.Count(c => c == '\n'));
    }

    [Fact]
    public async Task InputFile_RubbishIsToldAndSkipped()
    {
        var outcome = await RunAsync(["{", "[]", "", "{\"flow\":{\"verdict\":\"NEWER_THAN_THIS\"}}", "{\"flow\":{\"brand_new_field\":1,\"time\":\"2026-11-21T06:30:06Z\"}}", Syn]);
        Assert.Equal(ExitCode.Ok, outcome.Code);
        Assert.EndsWith("to-endpoint FORWARDED (TCP Flags: SYN)\n", outcome.Output);
        Assert.Contains("line 1 is no flow in JSON", outcome.Error);
    }

    [Fact]
    public async Task LostEvents_AreToldAndEndWithPartial()
    {
        var outcome = await RunAsync([Syn, Lost]);
        Assert.Equal(ExitCode.Partial, outcome.Code);
        Assert.EndsWith("EVENTS LOST: HUBBLE_RING_BUFFER CPU(3) 12\n", outcome.Output);
        Assert.Contains("12 events were lost", outcome.Error);
    }

    [Fact]
    public async Task Color_PaintsHostsPortsIdentitiesAndVerdicts()
    {
        var output = await ObserveAsync([Syn], "--color", "always");
        Assert.Equal("Nov 21 06:30:05.123: \e[36mdefault/client:\e[0m\e[33m41000\e[0m \e[35m(ID:1001)\e[0m -> \e[36mdefault/server:\e[0m\e[33m80\e[0m \e[35m(ID:1002)\e[0m to-endpoint \e[32mFORWARDED\e[0m (TCP Flags: SYN)\n", output);
    }

    private async Task<string> ObserveAsync(IReadOnlyList<string> flows, params string[] flags)
    {
        var outcome = await RunAsync(flows, flags);
        Assert.Equal((ExitCode.Ok, ""), (outcome.Code, outcome.Error));
        return outcome.Output;
    }

    private async Task<Outcome> RunAsync(IReadOnlyList<string> flows, params string[] flags)
    {
        var file = Path.Combine(_folder.Path, "flows.json");
        await File.WriteAllLinesAsync(file, flows, TestContext.Current.CancellationToken);
        return await InProcess.RunAsync(Tools.Hubble(), InProcess.Nowhere, ["observe", "--input-file", file, .. flags]);
    }
}
