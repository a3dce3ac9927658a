using System.Text.Json.Nodes;
using Waggle.Cli;
using Waggle.Cli.Output;
using Waggle.Commands.Cluster;
using Waggle.Commands.Config;
using Waggle.Policy.Compile;
using Waggle.Policy.Explain;
using Waggle.Policy.Rules;

namespace Waggle.Commands.Policy;

/// <summary><c>policy lint [FILE…]</c>: policies that do not do what they seem to do, in a cluster as it is now.</summary>
internal static class LintCommand
{
    private static readonly Listing<Row> s_listing = new()
    {
        Columns =
        [
            new("SEVERITY", r => r.Finding.Severity.ToString().ToLowerInvariant()), new("POLICY", r => r.Finding.Policy.ToString()), new("WHERE", r => r.Where),
            new("CODE", r => r.Finding.Code), new("FINDING", r => r.Finding.Message),
        ],
        Json = r => new JsonObject
        {
            ["severity"] = r.Finding.Severity.ToString().ToLowerInvariant(),
            ["kind"] = r.Finding.Policy.Kind.ToString(),
            ["namespace"] = r.Finding.Policy.Namespace,
            ["name"] = r.Finding.Policy.Name,
            ["where"] = r.Where,
            ["code"] = r.Finding.Code,
            ["message"] = r.Finding.Message,
        },
        WhenEmpty = "nothing to find fault with",
    };

    public static Verb Create()
    {
        var cluster = new ClusterFlags();
        var output = new OutputFlags();
        var files = Operand.Many("file", "policies to judge as if they were applied; without one, those of the cluster");
        return new Verb("lint", "Find policies that do not do what they seem to do")
        {
            Operands = [files],
            Flags = [.. output.All, .. cluster.All],
            Examples = [new("waggle policy lint", "the policies of the cluster"), new("waggle policy lint policy.yaml", "one that is not applied yet")],
            Run = (call, cancellation) => RunAsync(call, cluster, output.Read(call), call.Get(files) ?? [], cancellation),
        };
    }

    private static async Task<ExitCode> RunAsync(Call call, ClusterFlags flags, OutputRequest request, string[] files, CancellationToken cancellation)
    {
        List<(ParsedPolicy Policy, PolicyDocument Document)> given = PolicyCommands.Policies(files);
        using var client = flags.Open(call);
        ClusterPolicies cluster = await ClusterPolicies.ReadAsync(client, await ConfigSource.ReadAsync(client, call.Get(flags.Namespace)!, cancellation).ConfigureAwait(false), cancellation).ConfigureAwait(false);
        PolicyEngine engine = cluster.Engine(cluster.Policies.Concat(given.Select(g => cluster.InForce(g.Policy))), nodes: true);
        var linter = new PolicyLinter(engine, cluster.PodPrefixes);
        IEnumerable<LintFinding> Check(ParsedPolicy policy) => cluster.HasHostFirewall || !policy.SelectsNodes ? linter.Check(policy)
            : [.. linter.Check(policy), new LintFinding("host-firewall-off", LintSeverity.Warning, policy.Key, policy.Rules.First(r => r.SelectsNodes).Pointer, "enable-host-firewall is off in ConfigMap cilium-config: rules with a nodeSelector are not in force")];
        List<Row> rows = files.Length == 0
            ? [.. cluster.Policies.SelectMany(Check).Select(f => new Row(f, f.Pointer))]
            : [.. given.SelectMany(g => Check(cluster.InForce(g.Policy)).Select(f => new Row(f, $"{g.Document.File}:{g.Document.Line(f.Pointer)}")))];
        s_listing.Print(call.Terminal, request, [.. rows.OrderByDescending(r => r.Finding.Severity)]);
        return rows.Exists(r => r.Finding.Severity == LintSeverity.Error) ? ExitCode.Failed : ExitCode.Ok;
    }

    private sealed record Row(LintFinding Finding, string Where);
}
