using Waggle.Cli;
using Waggle.Commands.Hubble;
using Waggle.Tests.Support;

namespace Waggle.Tests.Commands.Hubble;

/// <summary>Commands and flags of the stock client up to 1.19, by name and letter: what people have in their scripts.</summary>
public sealed class FlagTableTests
{
    private const string Server = "server timeout request-timeout tls tls-allow-insecure tls-ca-cert-files tls-client-cert-file tls-client-key-file tls-server-name basic-auth-username basic-auth-password port-forward,-P port-forward-port kube-context kube-namespace kubeconfig";
    private const string Tool = "config debug,-D help,-h " + Server;
    private const string Selectors = "all last first follow,-f since until";
    private const string Filters = "not uuid node-name node-label cluster from-cluster to-cluster protocol tcp-flags type,-t verdict drop-reason-desc http-status http-method http-path http-url http-header trace-id ip-trace-id "
        + "fqdn from-fqdn to-fqdn ip from-ip to-ip snat-ip ipv4,-4 ipv6,-6 ip-version pod from-pod to-pod namespace,-n from-namespace to-namespace all-namespaces,-A from-all-namespaces to-all-namespaces "
        + "label,-l from-label to-label service from-service to-service port from-port to-port workload from-workload to-workload identity from-identity to-identity traffic-direction cel-expression interface encrypted unencrypted";
    private const string Formatting = "output,-o print-node-name print-policy-names time-format";
    private const string Flows = Tool + " " + Selectors + " " + Filters + " " + Formatting + " allowlist denylist numeric ip-translation color silent-errors,-s print-raw-filters input-file "
        + "field-mask experimental-field-mask use-default-field-masks experimental-use-default-field-masks";

    [Theory]
    [InlineData("observe", Flows)]
    [InlineData("observe flows", Flows)]
    [InlineData("observe agent-events", Tool + " " + Selectors + " " + Formatting)]
    [InlineData("observe debug-events", Tool + " " + Selectors + " " + Formatting)]
    [InlineData("status", Tool + " output,-o")]
    [InlineData("list nodes", Tool + " output,-o")]
    [InlineData("list node", Tool)]
    [InlineData("list namespaces", Tool + " output,-o")]
    [InlineData("list ns", Tool)]
    [InlineData("watch peers", Tool)]
    [InlineData("watch peer", Tool)]
    [InlineData("record", Tool + " file-prefix max-capture-len packet-limit bytes-limit time-limit")]
    [InlineData("config view", Tool)]
    [InlineData("config get", Tool)]
    [InlineData("config set", Tool)]
    [InlineData("config reset", Tool)]
    [InlineData("reflect", Tool)]
    [InlineData("version", Tool)]
    public void Command_HasTheFlagsThatScriptsUse(string command, string flags)
    {
        var has = FlagsOf(command).SelectMany(f => f.Option.Aliases.Append(f.Option.Name).Select(name => (name, f.Option.Name))).ToLookup(n => n.name, n => n.Name);
        var missing = new List<string>();
        foreach (var flag in flags.Split(' '))
        {
            var names = flag.Split(',');
            var meant = has["--" + names[0]].Distinct().ToArray();
            if (meant.Length != 1 || (names.Length > 1 && !has[names[1]].Contains(meant[0])))
            {
                missing.Add(flag);
            }
        }

        Assert.Empty(missing);
    }

    /// <summary>Whether a flag takes a value decides what the next word of a script means.</summary>
    [Theory]
    [InlineData("observe", "not all-namespaces from-all-namespaces to-all-namespaces ipv4 ipv6 encrypted unencrypted all follow print-node-name print-policy-names numeric ip-translation silent-errors print-raw-filters use-default-field-masks "
        + "debug port-forward tls tls-allow-insecure help", "reply experimental-use-default-field-masks quiet")]
    [InlineData("observe agent-events", "all follow print-node-name print-policy-names silent-errors debug port-forward tls tls-allow-insecure help", "quiet")]
    [InlineData("record", "debug port-forward tls tls-allow-insecure help", "quiet")]
    public void Command_TakesNoValueWhereTheStockClientTakesNone(string command, string switches, string ours)
    {
        var has = FlagsOf(command).Where(flag => flag.Option.ValueType == typeof(bool)).SelectMany(flag => flag.Option.Aliases.Append(flag.Option.Name)).Where(name => name.StartsWith("--", StringComparison.Ordinal)).Select(name => name[2..]);
        Assert.Equal(switches.Split(' ').Concat(ours.Split(' ')).Order(StringComparer.Ordinal), has.Order(StringComparer.Ordinal));
    }

    [Theory]
    [InlineData("server", "localhost:4245")]
    [InlineData("timeout", "5s")]
    [InlineData("request-timeout", "12s")]
    [InlineData("port-forward", "false")]
    [InlineData("port-forward-port", "4245")]
    [InlineData("kube-namespace", "kube-system")]
    [InlineData("kube-context", "\"\"")]
    [InlineData("kubeconfig", "\"\"")]
    [InlineData("tls", "false")]
    [InlineData("tls-allow-insecure", "false")]
    [InlineData("tls-ca-cert-files", "[]")]
    [InlineData("tls-client-cert-file", "\"\"")]
    [InlineData("tls-client-key-file", "\"\"")]
    [InlineData("tls-server-name", "\"\"")]
    [InlineData("basic-auth-username", "\"\"")]
    [InlineData("basic-auth-password", "\"\"")]
    [InlineData("debug", "false")]
    [InlineData("allowlist", "[]")]
    [InlineData("denylist", "[]")]
    public async Task Setting_HasTheStockClientsDefault(string key, string value) => Assert.Equal(value + "\n", (await InProcess.RunAsync(InProcess.Nowhere, "hubble", "config", "get", key)).Output);

    private static List<IFlag> FlagsOf(string command)
    {
        List<Verb> path = [HubbleCommands.Create(() => [])];
        foreach (var word in command.Split(' '))
        {
            path.Add(path[^1].Children!().Single(v => v.Answers(word)));
        }

        return [.. path[^1].Flags, .. Verb.Inherited(path), .. new GlobalFlags().All];
    }

    [Theory]
    [InlineData("HUBBLE_SERVER", "a:b:c", "--server cannot be \"a:b:c\"")]
    [InlineData("HUBBLE_TLS_SERVER_NAME", "x", "--tls-server-name is of no use without TLS")]
    [InlineData("HUBBLE_BASIC_AUTH_PASSWORD", "x", "--basic-auth-username is missing")]
    [InlineData("HUBBLE_TIMEOUT", "never", "never")]
    [InlineData("HUBBLE_PORT_FORWARD", "perhaps", "port-forward cannot be \"perhaps\"")]
    [InlineData("HUBBLE_ALLOWLIST", "{", "--allowlist is no JSON")]
    public async Task Environment_TakesThePlaceOfAFlag(string variable, string value, string shows)
    {
        var outcome = await InProcess.RunAsync(new HostEnvironment(name => name == variable ? value : null) { AgentSocket = "/nonexistent/sock", BpfRoot = "/nonexistent/bpf", LabRoot = "/nonexistent/labs" }, "hubble", "observe");
        Assert.NotEqual(ExitCode.Ok, outcome.Code);
        Assert.Contains(shows, outcome.Error, StringComparison.Ordinal);
    }
}
