using Waggle.Cli;
using Waggle.Commands.Hubble;
using Waggle.Tests.Support;

namespace Waggle.Tests.Commands.Hubble;

/// <summary>Commands and flags of the stock client up to 1.19, by name and letter: what people have in their scripts.</summary>
public sealed class FlagTableTests
{
    private const string Server = "server timeout request-timeout tls tls-allow-insecure tls-ca-cert-files tls-client-cert-file tls-client-key-file tls-server-name basic-auth-username basic-auth-password port-forward,-P port-forward-port kube-context kube-namespace kubeconfig";
    private const string Tool = "config debug,-D " + Server;
    private const string Selectors = "all last first follow,-f since until";
    private const string Filters = "not uuid node-name node-label cluster from-cluster to-cluster protocol tcp-flags type,-t verdict drop-reason-desc http-status http-method http-path http-url http-header trace-id ip-trace-id "
        + "fqdn from-fqdn to-fqdn ip from-ip to-ip snat-ip ipv4,-4 ipv6,-6 ip-version pod from-pod to-pod namespace,-n from-namespace to-namespace all-namespaces,-A from-all-namespaces to-all-namespaces "
        + "label,-l from-label to-label service from-service to-service port from-port to-port workload from-workload to-workload identity from-identity to-identity traffic-direction cel-expression interface";
    private const string Formatting = "output,-o print-node-name print-policy-names time-format";
    private const string Flows = Tool + " " + Selectors + " " + Filters + " " + Formatting + " allowlist denylist numeric ip-translation silent-errors,-s print-raw-filters input-file "
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
        List<Verb> path = [HubbleCommands.Create(() => [])];
        foreach (var word in command.Split(' '))
        {
            path.Add(path[^1].Children!().Single(v => v.Answers(word)));
        }

        var has = path[^1].Flags.Concat(Verb.Inherited(path)).SelectMany(f => f.Option.Aliases.Append(f.Option.Name).Select(name => (name, f.Option.Name))).ToLookup(n => n.name, n => n.Name);
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
