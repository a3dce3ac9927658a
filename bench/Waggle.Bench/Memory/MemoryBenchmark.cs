using System.Diagnostics;
using System.Globalization;
using System.Text.Json.Nodes;
using Waggle.Bench.Agents;
using Waggle.Kube.Client;

namespace Waggle.Bench.Memory;

/// <summary>
/// Resident memory of an agent with nothing to do, and what it grows by with what it has to know. Objects of other nodes come through
/// the API, endpoints of its own through the CNI plugin. What is resident is more than what is needed: the runtime keeps room.
/// </summary>
public sealed class MemoryBenchmark : IBenchmark
{
    private const int Steps = 3;
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(120);

    private static readonly (string Text, string Table, int PerStep, Func<AgentBed, BenchmarkContext, int, CancellationToken, Task> Add)[] Kinds =
    [
        ("identities", "identities", 2000, (bed, _, i, stop) => bed.Client.CreateAsync(Objects.Identities, Objects.Identity(i), cancellation: stop)),
        ("endpoints of other nodes (ipcache)", "ipcache", 2000, PublishEndpointAsync),
        ("nodes", "nodes", 1000, (bed, _, i, stop) => bed.Client.CreateAsync(Objects.Nodes, Objects.Node(i), cancellation: stop)),
        ("endpoints of its own", "endpoints", 200, AttachAsync),
    ];

    public string Name => "memory";

    public string Description => "resident memory of an agent, empty and per 1,000 endpoints, identities and nodes";

    public async Task<IReadOnlyList<Comparison>> RunAsync(BenchmarkContext context, CancellationToken cancellation)
    {
        await using var bed = await AgentBed.StartAsync(context.Programs, cancellation).ConfigureAwait(false);
        bed.EndOperator();
        var empty = await SettledAsync(bed, cancellation).ConfigureAwait(false);
        context.Progress.WriteLine(FormattableString.Invariant($"  empty: {empty:0.0} MiB"));
        List<Comparison> results = [new("agent, resident, empty", "MiB", new Measurement("agent", [empty]), null, Goal.Stated)];
        var before = empty;
        foreach (var (text, table, perStep, add) in Kinds)
        {
            List<double> growth = [];
            for (var step = 0; step < Steps; step++)
            {
                var wanted = await bed.CountAsync(table, cancellation).ConfigureAwait(false) + perStep;
                await Parallel.ForEachAsync(Enumerable.Range(step * perStep, perStep), new ParallelOptions { MaxDegreeOfParallelism = 8, CancellationToken = cancellation },
                    async (i, stop) => await add(bed, context, i, stop).ConfigureAwait(false)).ConfigureAwait(false);
                await WaitAsync(bed, table, wanted, cancellation).ConfigureAwait(false);
                var now = await SettledAsync(bed, cancellation).ConfigureAwait(false);
                growth.Add((now - before) * 1000 / perStep);
                context.Progress.WriteLine(FormattableString.Invariant($"  {(step + 1) * perStep:#,0} {text}: {now:0.0} MiB, {growth[^1]:0.00} MiB for each 1,000 more"));
                before = now;
            }

            // Steps are uneven, as the runtime takes memory in advance: the mean is the figure, the steps show how it grows.
            results.Add(new Comparison(FormattableString.Invariant($"agent, growth per 1,000 {text}, mean of {Steps * perStep:#,0}"), "MiB", new Measurement("agent", [growth.Average()]), null, Goal.Stated));
            results.Add(new Comparison(FormattableString.Invariant($"agent, growth per 1,000 {text}, the last {perStep:#,0}"), "MiB", new Measurement("agent", [growth[^1]]), null, Goal.Stated));
        }

        results.Add(new Comparison("agent, resident, with all of these", "MiB", new Measurement("agent", [before]), null, Goal.Stated));
        return results;
    }

    /// <summary>Its status is a subresource: the object alone says nothing yet.</summary>
    private static async Task PublishEndpointAsync(AgentBed bed, BenchmarkContext context, int number, CancellationToken cancellation)
    {
        var endpoint = await bed.Client.CreateAsync(Objects.Endpoints, Objects.Endpoint(number), cancellation: cancellation).ConfigureAwait(false);
        var status = new JsonObject { ["status"] = Objects.EndpointStatus(number) };
        await bed.Client.PatchAsync(Objects.Endpoints, "default", (string)endpoint["metadata"]!["name"]!, KubePatch.Merge(status), subresource: "status", cancellation: cancellation).ConfigureAwait(false);
    }

    private static async Task AttachAsync(AgentBed bed, BenchmarkContext context, int number, CancellationToken cancellation)
    {
        var plugin = new PluginCall("waggle-cni", Path.Combine(context.Programs, "waggle-cni"), bed.Node, """{"cniVersion":"1.0.0","name":"cilium","type":"cilium-cni"}""",
            new Dictionary<string, string> { ["WAGGLE_CNI_SOCKET"] = bed.CniSocket });
        await plugin.AddAsync(bed.NewPod(), string.Create(CultureInfo.InvariantCulture, $"memory{number}"), "", cancellation).ConfigureAwait(false);
    }

    private static async Task WaitAsync(AgentBed bed, string table, long rows, CancellationToken cancellation)
    {
        for (var since = Stopwatch.StartNew(); await bed.CountAsync(table, cancellation).ConfigureAwait(false) < rows;)
        {
            if (since.Elapsed > Limit)
            {
                throw new InvalidOperationException($"the agent's table {table} has not got {rows} rows after {Limit.TotalSeconds:0} s");
            }

            await Task.Delay(50, cancellation).ConfigureAwait(false);
        }
    }

    /// <summary>MiB, once they have not grown for a second.</summary>
    private static async Task<double> SettledAsync(AgentBed bed, CancellationToken cancellation)
    {
        var (highest, since, limit) = (Resident(bed.AgentPid), Stopwatch.StartNew(), Stopwatch.StartNew());
        while (since.Elapsed < TimeSpan.FromSeconds(1) && limit.Elapsed < TimeSpan.FromSeconds(10))
        {
            await Task.Delay(50, cancellation).ConfigureAwait(false);
            var now = Resident(bed.AgentPid);
            if (now > highest * 1.001)
            {
                (highest, since) = (now, Stopwatch.StartNew());
            }
        }

        return Resident(bed.AgentPid);
    }

    private static double Resident(int pid)
    {
        var line = File.ReadLines(FormattableString.Invariant($"/proc/{pid}/status")).First(each => each.StartsWith("VmRSS:", StringComparison.Ordinal));
        return long.Parse(line.AsSpan(6, line.Length - 6 - 2).Trim(), CultureInfo.InvariantCulture) / 1024.0;
    }
}
