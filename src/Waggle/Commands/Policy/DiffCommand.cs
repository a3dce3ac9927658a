using System.Text.Json.Nodes;
using Waggle.Cli;
using Waggle.Cli.Output;
using Waggle.Commands.Cluster;
using Waggle.Commands.Config;
using Waggle.Policy.Addresses;
using Waggle.Policy.Compile;
using Waggle.Policy.Explain;
using Waggle.Policy.Rules;

namespace Waggle.Commands.Policy;

/// <summary><c>policy diff FILE…</c>: what applying the files would newly allow or cut among the cluster's endpoints of now.</summary>
internal static class DiffCommand
{
    private static readonly Listing<PolicyDifference> s_listing = new()
    {
        Columns =
        [
            new("SOURCE", d => d.Source.Name), new("DESTINATION", d => d.Destination.Name),
            new("NEWLY ALLOWED", d => Text(d.Allowed)), new("CUT", d => Text(d.Cut)),
        ],
        Json = d => new JsonObject
        {
            ["source"] = d.Source.Name,
            ["destination"] = d.Destination.Name,
            ["allowed"] = new JsonArray([.. d.Allowed.Select(r => (JsonNode)r.ToString())]),
            ["cut"] = new JsonArray([.. d.Cut.Select(r => (JsonNode)r.ToString())]),
        },
        Name = d => $"{d.Source.Name} {d.Destination.Name}",
        WhenEmpty = "nothing changes among the endpoints there are now",
    };

    public static Verb Create()
    {
        var cluster = new ClusterFlags();
        var output = new OutputFlags();
        var files = Operand.Many("file", "policies as they would be applied");
        var delete = new Flag<bool>("--delete", "what deleting these policies would change");
        return new Verb("diff", "Show what applying policies would allow or cut, before doing so")
        {
            Operands = [files],
            Flags = [delete, .. output.All, .. cluster.All],
            Examples = [new("waggle policy diff policy.yaml", "pairs of endpoints, and ports"), new("waggle policy diff --delete policy.yaml", "what deleting it would open")],
            Run = (call, cancellation) => RunAsync(call, cluster, output.Read(call), call.Get(files) ?? [], call.Get(delete), cancellation),
        };
    }

    private static async Task<ExitCode> RunAsync(Call call, ClusterFlags flags, OutputRequest request, string[] files, bool delete, CancellationToken cancellation)
    {
        List<(ParsedPolicy Policy, PolicyDocument Document)> given = PolicyCommands.Policies(files);
        if (given.Count == 0)
        {
            throw CliException.Usage("there is no policy to compare with", "Name files that hold policies; - is the standard input.");
        }

        if (given.Find(g => !g.Policy.IsValid) is { Policy: { } bad } at)
        {
            throw new CliException($"{at.Document.File}:{at.Document.Line(bad.Errors[0].Pointer)}: {bad.Key} is not valid: {bad.Errors[0]}", "\"cilium policy validate\" lists all that is wrong.");
        }

        using var client = flags.Open(call);
        ClusterPolicies cluster = await ClusterPolicies.ReadAsync(client, await ConfigSource.ReadAsync(client, call.Get(flags.Namespace)!, cancellation).ConfigureAwait(false), cancellation).ConfigureAwait(false);
        HashSet<PolicyKey> changed = [.. given.Select(g => g.Policy.Key)];
        List<ParsedPolicy> after = [.. cluster.Policies.Where(p => !changed.Contains(p.Key)), .. delete ? [] : given.Select(g => cluster.InForce(g.Policy))];

        // Addresses must have the same identities on both sides.
        List<IpPrefix> cidrs = [.. cluster.Engine(cluster.Policies).RequiredCidrs.Union(cluster.Engine(after).RequiredCidrs).Order()];
        PolicyEngine old = cluster.Engine(cluster.Policies, cidrs), now = cluster.Engine(after, cidrs);
        List<PolicyDifference> differences = [.. PolicyDiff.Compare(old, now, cluster.Endpoints(cidrs))];
        s_listing.Print(call.Terminal, request, differences);
        if (differences.Count > 0)
        {
            call.Terminal.Note($"{differences.Count(d => d.Allowed.Length > 0)} pairs get more, {differences.Count(d => d.Cut.Length > 0)} lose something");
        }

        return ExitCode.Ok;
    }

    private static string Text(IReadOnlyCollection<TrafficRange> ranges) => ranges.Count == 0 ? "-" : ranges.Count == 6 && ranges.All(r => r.Protocol == 0 || (r.First == 0 && r.Last == ushort.MaxValue)) ? "everything" : string.Join(", ", ranges);
}
