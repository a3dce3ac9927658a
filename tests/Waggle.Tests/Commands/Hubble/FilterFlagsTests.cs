using System.Text.Json.Nodes;
using Waggle.Cli;
using Waggle.Kube.Json;
using Waggle.Tests.Support;

namespace Waggle.Tests.Commands.Hubble;

/// <summary>From the command line to the request: each flag fills the field that servers of other vendors look at.</summary>
public sealed class FilterFlagsTests
{
    [Theory]
    [InlineData("--from-pod a/web", """{"source_pod":["a/web"]}""")]
    [InlineData("--to-pod web", """{"destination_pod":["web"]}""")]
    [InlineData("--pod a/web", """{"source_pod":["a/web"]}""", """{"destination_pod":["a/web"]}""")]
    [InlineData("--from-namespace a", """{"source_pod":["a/"]}""")]
    [InlineData("-n a -n b", """{"source_pod":["a/","b/"]}""", """{"destination_pod":["a/","b/"]}""")]
    [InlineData("--namespace a --pod web", """{"source_pod":["a/web"]}""", """{"destination_pod":["a/web"]}""")]
    [InlineData("--to-namespace a --to-service api", """{"destination_service":["a/api"]}""")]
    [InlineData("-A", """{"source_pod":["/"]}""", """{"destination_pod":["/"]}""")]
    [InlineData("--from-all-namespaces", """{"source_pod":["/"]}""")]
    [InlineData("--from-ip 10.0.0.0/8 --to-ip fd00::1", """{"source_ip":["10.0.0.0/8"],"destination_ip":["fd00::1"]}""")]
    [InlineData("--ip 10.0.0.1", """{"source_ip":["10.0.0.1"]}""", """{"destination_ip":["10.0.0.1"]}""")]
    [InlineData("--snat-ip 172.18.0.2", """{"source_ip_xlated":["172.18.0.2"]}""")]
    [InlineData("-l app=web", """{"source_label":["app=web"]}""", """{"destination_label":["app=web"]}""")]
    [InlineData("--from-identity world --to-identity 1234", """{"source_identity":[2],"destination_identity":[1234]}""")]
    [InlineData("--fqdn *.cilium.io", """{"source_fqdn":["*.cilium.io"]}""", """{"destination_fqdn":["*.cilium.io"]}""")]
    [InlineData("--from-workload Deployment/web --to-workload job/", """{"source_workload":[{"name":"web","kind":"Deployment"}],"destination_workload":[{"kind":"job"}]}""")]
    [InlineData("--from-service a/api", """{"source_service":["a/api"]}""")]
    [InlineData("--port 80", """{"source_port":["80"]}""", """{"destination_port":["80"]}""")]
    [InlineData("--from-port 1 --to-port 65535", """{"source_port":["1"],"destination_port":["65535"]}""")]
    [InlineData("--verdict DROPPED --verdict audit", """{"verdict":["DROPPED","AUDIT"]}""")]
    [InlineData("--drop-reason-desc POLICY_DENIED", """{"drop_reason_desc":["POLICY_DENIED"]}""")]
    [InlineData("--drop-reason-desc multicast_unconfigured", """{"drop_reason_desc":["MULTICAST_UNCONFIGURED"]}""")]
    [InlineData("-t drop --type trace:to-endpoint -t l7 -t policy-verdict -t trace-sock", """{"event_type":[{"type":1},{"type":4,"match_sub_type":true},{"type":129},{"type":5},{"type":7}]}""")]
    [InlineData("--type trace:from-network -t agent:policy-updated -t 4:11", """{"event_type":[{"type":4,"match_sub_type":true,"sub_type":10},{"type":130,"match_sub_type":true,"sub_type":5},{"type":4,"match_sub_type":true,"sub_type":11}]}""")]
    [InlineData("--protocol udp --protocol http", """{"protocol":["udp","http"]}""")]
    [InlineData("--tcp-flags syn,ack --tcp-flags RST", """{"tcp_flags":[{"SYN":true,"ACK":true},{"RST":true}]}""")]
    [InlineData("--traffic-direction Ingress", """{"traffic_direction":["INGRESS"]}""")]
    [InlineData("-4", """{"ip_version":["IPv4"]}""")]
    [InlineData("--ipv4=v4", """{"ip_version":["IPv4"]}""")]
    [InlineData("-4=V4 --ipv6=true", """{"ip_version":["IPv4","IPv6"]}""")]
    [InlineData("--ipv6=v6 --encrypted=true", """{"ip_version":["IPv6"],"encrypted":[true]}""")]
    [InlineData("--ip-trace-id 7 --unencrypted", """{"encrypted":[false],"ip_trace_id":["7"]}""")]
    [InlineData("--ip-version v6 --ip-version none", """{"ip_version":["IPv6","IP_NOT_USED"]}""")]
    [InlineData("--http-status 5+ --http-method get --http-path /a.* --http-url http://x --http-header k:v:w", """{"http_status_code":["5+"],"http_method":["get"],"http_path":["/a.*"],"http_url":["http://x"],"http_header":[{"key":"k","value":"v:w"}]}""")]
    [InlineData("--node-name k8s* --node-label a=b", """{"node_name":["k8s*"],"node_labels":["a=b"]}""")]
    [InlineData("--cluster prod-*", """{"node_name":["prod-*/"]}""")]
    [InlineData("--from-cluster a --to-cluster b", """{"source_cluster_name":["a"],"destination_cluster_name":["b"]}""")]
    [InlineData("--interface eth0 --uuid u --trace-id t", """{"interface":[{"name":"eth0"}],"uuid":["u"],"trace_id":["t"]}""")]
    [InlineData("--cel-expression true", """{"experimental":{"cel_expression":["true"]}}""")]
    [InlineData("--reply --encrypted --dns-query x.*", """{"reply":[true],"encrypted":[true],"dns_query":["x.*"]}""")]
    [InlineData("--pod web --to-port 80", """{"source_pod":["web"],"destination_port":["80"]}""", """{"destination_pod":["web"],"destination_port":["80"]}""")]
    public async Task Flag_FillsItsField(string flags, params string[] allow)
    {
        var (allowed, denied) = await FiltersAsync(flags.Split(' '));
        Assert.Equal(allow.Select(Plain), allowed);
        Assert.Empty(denied);
    }

    [Fact]
    public async Task Not_TurnsTheNextFilterOnly()
    {
        var (allowed, denied) = await FiltersAsync("--not", "--http-method", "put", "--to-namespace", "foo", "--not", "--from-ip", "2.2.2.2", "--protocol=tcp");
        Assert.Equal([Plain("""{"destination_pod":["foo/"],"protocol":["tcp"]}""")], allowed);
        Assert.Equal([Plain("""{"http_method":["put"],"source_ip":["2.2.2.2"]}""")], denied);
    }

    [Fact]
    public async Task RawLists_JoinTheFlags()
    {
        var (allowed, denied) = await FiltersAsync("--allowlist", """{"source_pod":["a/"]} {"verdict":["DROPPED"]}""", "--denylist", """[{"sourceLabel":["x"]}]""", "--to-port", "1");
        Assert.Equal([Plain("""{"destination_port":["1"]}"""), Plain("""{"source_pod":["a/"]}"""), Plain("""{"verdict":["DROPPED"]}""")], allowed);
        Assert.Equal([Plain("""{"source_label":["x"]}""")], denied);
    }

    [Fact]
    public async Task PrintRawFilters_MakesAConfigurationFile()
    {
        using var folder = new TempFolder();
        var file = Path.Combine(folder.Path, "config.yaml");
        var first = await InProcess.RunAsync("hubble", "observe", "--pod", "a/web", "--not", "--verdict", "AUDIT", "--print-raw-filters");
        await File.WriteAllTextAsync(file, first.Output, TestContext.Current.CancellationToken);
        var second = await InProcess.RunAsync("hubble", "--config", file, "observe", "--print-raw-filters");
        Assert.Equal((ExitCode.Ok, first.Output, ""), (second.Code, second.Output, second.Error));
        Assert.Contains("denylist:", first.Output);
    }

    [Theory]
    [InlineData("--verdict DROPED", "--verdict cannot be \"DROPED\"", "Did you mean \"DROPPED\"?")]
    [InlineData("--drop-reason-desc POLICY_DENID", "--drop-reason-desc cannot be \"POLICY_DENID\"", "Did you mean \"POLICY_DENIED\"?")]
    [InlineData("--type drup", "--type cannot be \"drup\"", "Did you mean \"drop\"?")]
    [InlineData("--type trace:to-endpiont", "--type trace: cannot be \"to-endpiont\"", "Did you mean \"to-endpoint\"?")]
    [InlineData("--identity wrld", "--identity cannot be \"wrld\"", "Did you mean \"world\"?")]
    [InlineData("--tcp-flags syn,ak", "--tcp-flags cannot be \"ak\"", "Did you mean \"ack\"?")]
    [InlineData("--traffic-direction egres", "--traffic-direction cannot be \"egres\"", "Did you mean \"egress\"?")]
    [InlineData("--ip-version 5", "--ip-version cannot be \"5\"", "Did you mean")]
    [InlineData("--from-ip 300.1.1.1", "--from-ip cannot be \"300.1.1.1\"", "10.0.0.0/8")]
    [InlineData("--ip 10.0.0.0/99", "--ip cannot be \"10.0.0.0/99\"", "10.0.0.0/8")]
    [InlineData("--port http", "--port cannot be \"http\"", "65535")]
    [InlineData("--http-header x", "--http-header cannot be \"x\"", "KEY:VALUE")]
    [InlineData("--http-path (", "--http-path cannot be \"(\"", "regular expression")]
    [InlineData("--http-url (?=x)", "--http-url cannot be \"(?=x)\"", "look-around")]
    [InlineData("--pod a --from-pod b --ip 1.1.1.1", "cannot be combined", "--from-")]
    [InlineData("--label a --from-label b", "filters --label and --from-label cannot be combined", "")]
    [InlineData("--from-namespace a --from-pod b/web", "namespace conflict: \"a\" does not contain \"b/web\"", "")]
    [InlineData("--not", "nothing follows the last --not", "")]
    [InlineData("--not --not --pod a", "--not stands twice in a row", "")]
    [InlineData("--frm-pod a", "unknown flag \"--frm-pod\" for \"hubble observe\"", "Did you mean \"--from-pod\"?")]
    [InlineData("--severs x", "unknown flag \"--severs\" for \"hubble observe\"", "--server")]
    [InlineData("-o tabel", "--output cannot be \"tabel\"", "Did you mean \"table\"?")]
    [InlineData("-o table -f", "--output table cannot be used with --follow", "compact")]
    [InlineData("--time-format RFC3338", "--time-format cannot be \"RFC3338\"", "Did you mean \"RFC3339\"?")]
    [InlineData("--since yesterday", "--since cannot be \"yesterday\"", "2006-01-02")]
    [InlineData("--since 1m --until 1h", "--until lies before --since", "")]
    [InlineData("--first 1 --last 1", "--first and --last cannot be combined", "")]
    [InlineData("--first 1 -f", "--first and --follow cannot be combined", "")]
    [InlineData("--last x", "--last cannot be \"x\"", "")]
    [InlineData("--allowlist {", "--allowlist is no JSON", "FlowFilter")]
    [InlineData("--denylist {\"source_pdo\":[]}", "--denylist:", "FlowFilter")]
    [InlineData("--field-mask source.pod -o json", "--field-mask cannot contain \"source.pod\"", "Did you mean \"source\"?")]
    [InlineData("--field-mask source", "--field-mask needs JSON output", "")]
    [InlineData("--tls-server-name x", "--tls-server-name is of no use without TLS", "--tls")]
    [InlineData("--server a:b:c", "--server cannot be \"a:b:c\"", "unix:///PATH")]
    [InlineData("--tls --tls-client-cert-file /nonexistent/x", "--tls-client-key-file is missing", "go together")]
    [InlineData("--tls --tls-ca-cert-files /nonexistent/x", "--tls-ca-cert-files: ", "PEM")]
    [InlineData("--basic-auth-password x", "--basic-auth-username is missing", "user")]
    public async Task Mistakes_AreNamed(string flags, string message, string hint)
    {
        var outcome = await InProcess.RunAsync(["hubble", "observe", .. flags.Split(' ')]);
        Assert.Equal((ExitCode.Usage, ""), (outcome.Code, outcome.Output));
        Assert.Contains(message, outcome.Error);
        Assert.Contains(hint, outcome.Error);
    }

    [Fact]
    public async Task NobodyThere_SaysHowToReachAServer()
    {
        var outcome = await InProcess.RunAsync("hubble", "observe", "--server", "unix:///nonexistent/hubble.sock");
        Assert.Equal(ExitCode.NotReachable, outcome.Code);
        Assert.Contains("port-forward service/hubble-relay", outcome.Error);
    }

    [Theory]
    [InlineData("--verdict ", "DROPPED")]
    [InlineData("--type trace:to-en", "trace:to-endpoint")]
    [InlineData("--identity kube", "kube-apiserver")]
    [InlineData("--drop-reason-desc POLICY_DENI", "POLICY_DENIED")]
    [InlineData("-o j", "jsonpb")]
    [InlineData("--from-wor", "--from-workload")]
    [InlineData("--tls-s", "--tls-server-name")]
    public async Task Completion_KnowsFlagsAndValues(string typed, string expected)
    {
        var words = typed.Split(' ');
        var outcome = await InProcess.RunAsync(["hubble", "__complete", words[^1], "observe", .. words[..^1]]);
        Assert.Contains(expected, outcome.Output.Split('\n').Select(line => line.Split('\t')[0]));
    }

    private static async Task<(IReadOnlyList<string> Allow, IReadOnlyList<string> Deny)> FiltersAsync(params string[] flags)
    {
        var outcome = await InProcess.RunAsync(["hubble", "observe", .. flags, "--print-raw-filters"]);
        Assert.Equal((ExitCode.Ok, ""), (outcome.Code, outcome.Error));
        var lists = KubeYaml.ReadAll(outcome.Output)[0];
        return (List(lists["allowlist"]), List(lists["denylist"]));
    }

    private static IReadOnlyList<string> List(JsonNode? list) => [.. (list?.AsArray() ?? []).Select(item => Plain(item!.GetValue<string>()))];

    private static string Plain(string json) => string.Join(',', JsonNode.Parse(json)!.AsObject().Select(field => $"{field.Key}={field.Value!.ToJsonString()}").Order(StringComparer.Ordinal));
}
