using System.Buffers;
using System.Diagnostics;
using System.Text.Json;
using Waggle.Hubble.Export.Json;
using Waggle.Hubble.Flows;
using Waggle.Hubble.Metrics;
using Waggle.Hubble.Metrics.Configuration;

namespace Waggle.Bench.Export;

/// <summary>How fast flows leave a node: as JSON lines, against System.Text.Json (source generated) writing the same graph; and as metrics.</summary>
public sealed class ExportBenchmark : IBenchmark
{
    private const int Batch = 4096;

    public string Name => "export";

    public string Description => "flows as JSON lines, against System.Text.Json, and as metrics";

    public async Task<IReadOnlyList<Comparison>> RunAsync(BenchmarkContext context, CancellationToken cancellation)
    {
        var flows = SampleFlows.Make(Batch);
        JsonFlowEvent[] graph = [.. flows.Select(flow => JsonFlowEvent.Of(flow))];
        var (ours, theirs) = await context.AlternateAsync(
            "FlowJson", () => Task.FromResult(Ours(flows, context.Duration)), "System.Text.Json", () => Task.FromResult(Theirs(graph, context.Duration))).ConfigureAwait(false);
        List<double> counted = [];
        for (var round = 0; round < context.Rounds; round++)
        {
            counted.Add(await CountAsync(flows, context.Duration, cancellation).ConfigureAwait(false));
        }

        return
        [
            new Comparison("flows as JSON lines, one core", "lines/s", ours, theirs, Goal.Stated),
            new Comparison("flows through six metrics with pods and namespaces as labels, one core", "flows/s", new Measurement("metrics", counted), null, Goal.Stated),
        ];
    }

    private static double Ours(FlowRecord[] flows, TimeSpan duration)
    {
        var line = new JsonLine();
        var json = new FlowJson(line);
        return Rate(duration, () =>
        {
            line.Clear();
            foreach (ref readonly var flow in flows.AsSpan())
            {
                json.Write(in flow);
            }
        });
    }

    private static double Theirs(JsonFlowEvent[] graph, TimeSpan duration)
    {
        var buffer = new ArrayBufferWriter<byte>(8 << 20);
        using var writer = new Utf8JsonWriter(buffer);
        return Rate(duration, () =>
        {
            buffer.ResetWrittenCount();
            foreach (var each in graph)
            {
                writer.Reset();
                JsonSerializer.Serialize(writer, each, FlowGraphContext.Default.JsonFlowEvent);
                writer.Flush();
                buffer.Write("\n"u8);
            }
        });
    }

    private static async Task<double> CountAsync(FlowRecord[] flows, TimeSpan duration, CancellationToken cancellation)
    {
        var metrics = new HubbleMetrics(TimeProvider.System);
        metrics.Configure(MetricsSyntax.Parse("drop:sourceContext=pod;destinationContext=pod flow tcp port-distribution policy:labelsContext=source_namespace,destination_namespace icmp"));
        await metrics.OnFlowsAsync(flows, cancellation).ConfigureAwait(false);
        return Rate(duration, () => _ = metrics.OnFlowsAsync(flows, cancellation).AsTask());
    }

    private static double Rate(TimeSpan duration, Action batch)
    {
        batch();
        var clock = Stopwatch.StartNew();
        long done = 0;
        while (clock.Elapsed < duration)
        {
            batch();
            done += Batch;
        }

        return done / clock.Elapsed.TotalSeconds;
    }
}
