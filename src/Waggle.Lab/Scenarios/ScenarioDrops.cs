using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Waggle.Lab.Scenarios;

/// <summary>One place at which a node drops packets, and how many it dropped there.</summary>
internal readonly record struct NodeDrops(string Node, string Reason, string Direction, string Place, long Packets);

/// <summary>
/// What the nodes drop while a scenario plays, held against the reasons that it expects: a drop that nobody expects is a failed check
/// with node, reason, direction and place.
/// </summary>
internal sealed class ScenarioDrops
{
    private const string Agents = "kubectl -n kube-system get pods -l k8s-app=cilium -o jsonpath='{range .items[*]}{.metadata.name} {.spec.nodeName}{\"\\n\"}{end}'";
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);
    private readonly ScenarioShell _shell;
    private readonly IReadOnlyList<NodeDrops> _before;

    private ScenarioDrops(ScenarioShell shell, IReadOnlyList<NodeDrops> before) => (_shell, _before) = (shell, before);

    /// <summary>From now on; in a lab that was made for the scenario, from its beginning.</summary>
    public static async Task<ScenarioDrops> FromNowAsync(ScenarioContext context, ScenarioShell shell, CancellationToken cancellation) =>
        new(shell, context.IsNewLab ? [] : await ReadAsync(shell, cancellation).ConfigureAwait(false));

    /// <summary>One check for each node.</summary>
    /// <param name="report">Takes the checks.</param>
    /// <param name="expected">Reasons as <c>cilium bpf metrics list</c> writes them.</param>
    /// <param name="cancellation">Ends it.</param>
    public async Task CheckAsync(ScenarioReport report, IReadOnlyCollection<string> expected, CancellationToken cancellation) =>
        Judge(report, _before, await ReadAsync(_shell, cancellation).ConfigureAwait(false), expected);

    internal static void Judge(ScenarioReport report, IReadOnlyList<NodeDrops> before, IReadOnlyList<NodeDrops> now, IReadOnlyCollection<string> expected)
    {
        string[] nodes = [.. now.Select(d => d.Node).Distinct().Order(StringComparer.Ordinal)];
        report.Check(nodes.Length > 0, "the nodes' drop counters can be read");
        foreach (string node in nodes)
        {
            NodeDrops[] drops = [.. Since(before, now).Where(d => d.Node == node)];
            NodeDrops[] unexpected = [.. drops.Where(d => !expected.Contains(d.Reason))];
            string counted = drops.Length == 0 ? "" : $" ({string.Join(", ", drops.GroupBy(d => d.Reason).Select(r => $"{r.Key}: {r.Sum(d => d.Packets)}"))})";
            report.Check(
                unexpected.Length == 0, $"{node} dropped only what was to be dropped{counted}", string.Join('\n', unexpected.Select(d => $"{d.Node} dropped {d.Packets} packets, {d.Direction}, {d.Reason}, at {d.Place}")));
        }
    }

    /// <summary>What came on top.</summary>
    internal static IEnumerable<NodeDrops> Since(IReadOnlyList<NodeDrops> before, IReadOnlyList<NodeDrops> now)
    {
        var old = before.ToDictionary(d => d with { Packets = 0 }, d => d.Packets);
        return now.Select(d => d with { Packets = d.Packets - old.GetValueOrDefault(d with { Packets = 0 }) }).Where(d => d.Packets > 0);
    }

    /// <summary>The drops in the output of <c>cilium bpf metrics list -o json</c>, behind a line that only says that the node answered.</summary>
    internal static IEnumerable<NodeDrops> Parse(string node, string json) =>
    [
        new(node, "", "", "", 0),
        .. from row in JsonNode.Parse(json)!.AsArray()
           where (bool)row!["drop"]!
           select new NodeDrops(node, (string)row["reason"]!, (string)row["direction"]!, string.Create(CultureInfo.InvariantCulture, $"{(string?)row["file"]}:{(long)row["line"]!}"), (long)row["packets"]!),
    ];

    private static async Task<IReadOnlyList<NodeDrops>> ReadAsync(ScenarioShell shell, CancellationToken cancellation)
    {
        var drops = new List<NodeDrops>();
        CommandResult agents = await shell.RunAsync(Agents, cancellation).ConfigureAwait(false);
        foreach (string[] agent in agents.Lines.Select(l => l.Split(' ')).Where(f => f.Length == 2))
        {
            CommandResult read = await shell.WaitForAsync($"kubectl -n kube-system exec {agent[0]} -c cilium-agent -- cilium bpf metrics list -o json", r => r.Ok, Patience, cancellation).ConfigureAwait(false);
            try
            {
                drops.AddRange(Parse(agent[1], read.Output));
            }
            catch (Exception e) when (e is JsonException or NullReferenceException or InvalidOperationException)
            {
                throw new InvalidOperationException($"the drop counters of {agent[1]} cannot be read: {read}", e);
            }
        }

        return drops;
    }
}
