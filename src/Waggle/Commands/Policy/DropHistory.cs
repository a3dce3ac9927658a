using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using Waggle.Cli;
using Waggle.Commands.Agents;
using Waggle.Commands.Nodes;
using Waggle.Kube.Client;
using Waggle.Kube.Exec;
using Waggle.Kube.Resources;

namespace Waggle.Commands.Policy;

/// <summary>What the observers of two nodes remember of packets dropped between two ends.</summary>
/// <param name="Drops">The newest last.</param>
/// <param name="Problems">Nodes that could not say.</param>
internal sealed record DropHistory(IReadOnlyList<JsonObject> Drops, IReadOnlyList<string> Problems)
{
    private const int Shown = 10;
    private static readonly uint[] s_world = [2, 9, 10];

    /// <summary>Asks the agents of the nodes that the two ends are on.</summary>
    public static async Task<DropHistory> ReadAsync(KubeClient client, string @namespace, ClusterPolicies cluster, Party source, IReadOnlyList<Party> destinations, TimeSpan last, CancellationToken cancellation)
    {
        var problems = new List<string>();
        string[] wanted = [.. destinations.Prepend(source).Select(p => cluster.NodeAt(p.Node)).OfType<string>().Distinct()];
        IReadOnlyList<Pod> pods = [];
        try
        {
            var agents = new AgentPods(client, @namespace);
            pods = wanted.Length == 0 ? [] : [.. (await agents.ListAsync(cancellation).ConfigureAwait(false)).Where(p => wanted.Contains(p.Spec.NodeName))];
            problems.AddRange(wanted.Where(w => pods.All(p => p.Spec.NodeName != w)).Select(w => $"{w}: no agent runs there"));
            IReadOnlyList<string> filters = [.. source.Addresses.Concat(destinations.SelectMany(d => d.Addresses)).Distinct().Take(64).SelectMany(a => new[] { "--ip", a })];
            string since = string.Create(CultureInfo.InvariantCulture, $"{Math.Max(1, (long)last.TotalSeconds)}s");
            string[] command = ["hubble", "observe", "--server", "unix:///var/run/cilium/hubble.sock", "--type", "drop", "--since", since, "--all", "-o", "jsonpb", .. filters];
            var drops = new List<JsonObject>();
            foreach ((Pod pod, ExecResult result) in await agents.RunAsync(pods, _ => command, cancellation).ConfigureAwait(false))
            {
                if (result.ExitCode != 0)
                {
                    problems.Add(AgentPods.Failed(pod, result).Message);
                    continue;
                }

                drops.AddRange(result.Stdout.Split('\n').Select(Flow).OfType<JsonObject>().Where(f => destinations.Any(d => IsBetween(f, source, d))));
            }

            return new DropHistory([.. drops.OrderBy(d => d.Text("time"), StringComparer.Ordinal)], problems);
        }
        catch (Exception e) when (e is CliException or KubeApiException or IOException or System.Net.Http.HttpRequestException)
        {
            return new DropHistory([], [.. problems, e.Message]);
        }
    }

    public void Print(TextWriter output, TimeSpan last)
    {
        output.Write($"\ndrops between them in the last {Durations.Format(last)}\n");
        foreach (JsonObject drop in Drops.TakeLast(Shown))
        {
            output.Write($"  {drop.Text("time")}  {Ends(drop)}  {drop.Text("drop_reason_desc") ?? "dropped"} ({(drop.Text("traffic_direction") ?? "").ToLowerInvariant()}) at {drop.Text("node_name")}{By(drop)}\n");
        }

        if (Drops.Count > Shown)
        {
            output.Write($"  and {Drops.Count - Shown} before these\n");
        }
        else if (Drops.Count == 0 && Problems.Count == 0)
        {
            output.Write("  none seen\n");
        }

        foreach (string problem in Problems)
        {
            output.Write($"  not known: {problem}\n");
        }
    }

    public JsonObject Json() => new() { ["drops"] = new JsonArray([.. Drops.Select(d => (JsonNode)d.DeepClone())]), ["problems"] = new JsonArray([.. Problems.Select(p => (JsonNode)p)]) };

    /// <summary>The flow in a line of output; null for other lines.</summary>
    internal static JsonObject? Flow(string line)
    {
        try
        {
            return line.Length > 0 ? (JsonNode.Parse(line) as JsonObject)?["flow"] as JsonObject : null;
        }
        catch (JsonException)
        {
            return null;
        }
    }

    /// <summary>In either direction: an answer that is dropped ends a connection as well.</summary>
    internal static bool IsBetween(JsonObject flow, Party a, Party b) => (Is(flow, "source", a) && Is(flow, "destination", b)) || (Is(flow, "source", b) && Is(flow, "destination", a));

    private static bool Is(JsonObject flow, string side, Party party) => party.Addresses.Count > 0
        ? flow["IP"] is JsonObject ip && ip.Text(side) is { } address && party.Addresses.Contains(address)
        : flow[side] is JsonObject end && (s_world.Contains(party.Identity) ? s_world.Contains((uint)end.Number("identity")) : end.Number("identity") == party.Identity);

    private static string Ends(JsonObject flow)
    {
        JsonObject? l4 = (flow["l4"] as JsonObject)?.Select(p => p.Value).OfType<JsonObject>().FirstOrDefault();
        string protocol = (flow["l4"] as JsonObject)?.Select(p => p.Key).FirstOrDefault() ?? "";
        string Port(string field) => l4 is not null && l4.ContainsKey(field) ? $":{l4.Number(field)}" : "";
        JsonObject ip = flow["IP"] as JsonObject ?? [];
        return $"{ip.Text("source")}{Port("source_port")} -> {ip.Text("destination")}{Port("destination_port")} {protocol}".TrimEnd();
    }

    private static string By(JsonObject flow)
    {
        string[] names = [.. new[] { "egress_denied_by", "ingress_denied_by" }.SelectMany(f => flow[f] as JsonArray ?? []).OfType<JsonObject>().Select(p => $"{p.Text("kind")} {(p.Text("namespace") is { Length: > 0 } ns ? ns + "/" : "")}{p.Text("name")}".Trim())];
        return names.Length == 0 ? "" : $", by {string.Join(", ", names)}";
    }
}
