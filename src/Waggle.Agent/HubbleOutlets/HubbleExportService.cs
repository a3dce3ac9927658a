using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Waggle.Agent.Config;
using Waggle.Hosting.Config;
using Waggle.Hosting.Metrics;
using Waggle.Hubble.Consumers;
using Waggle.Hubble.Export;
using Waggle.Hubble.Export.Configuration;
using Waggle.Hubble.Export.Targets;
using NodeNames = Waggle.Agent.Hubble.NodeNames;

namespace Waggle.Agent.HubbleOutlets;

/// <summary>Exports flows as configured, and follows the file of dynamic exporters.</summary>
internal sealed partial class HubbleExportService(ConfigState config, AgentArguments arguments, IFlowSource flows, TimeProvider time, ILoggerFactory logs, ILogger<HubbleExportService> logger) : BackgroundService, IMetricsSource
{
    private static readonly TimeSpan LookAgain = TimeSpan.FromSeconds(5);

    private volatile ExporterSet? _exporters;

    public void Write(MetricsWriter writer) => _exporters?.Write(writer);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        WaggleConfig settings = config.Current;
        var rotation = new FileRotation(settings.Number("hubble-export-file-max-size-mb") * (1L << 20), settings.Number("hubble-export-file-max-backups"), settings.Flag("hubble-export-file-compress"));
        var factory = new ExporterFactory(settings.ClusterName, NodeNames.Of(settings.ClusterName, arguments.NodeName), rotation, time, logs);
        var exporters = new ExporterSet(factory, flows, time, logs.CreateLogger<ExporterSet>(), settings.Number("hubble-event-queue-size"));
        _exporters = exporters;
        await using (exporters.ConfigureAwait(false))
        {
            if (settings["hubble-export-file-path"].Length > 0)
            {
                StartStatic(exporters, settings);
            }

            string path = settings["hubble-flowlogs-config-path"];
            while (true)
            {
                if (path.Length > 0)
                {
                    await exporters.ReloadAsync(path).ConfigureAwait(false);
                }

                await Task.Delay(path.Length > 0 ? LookAgain : Timeout.InfiniteTimeSpan, time, stoppingToken).ConfigureAwait(false);
            }
        }
    }

    private void StartStatic(ExporterSet exporters, WaggleConfig settings)
    {
        try
        {
            exporters.AddStatic(new FlowLog("static", settings["hubble-export-file-path"])
            {
                FieldMask = HubbleOutletServices.Words(settings["hubble-export-fieldmask"]),
                FieldAggregate = HubbleOutletServices.Words(settings["hubble-export-fieldaggregate"]),
                Include = Filters(settings, "hubble-export-allowlist"),
                Exclude = Filters(settings, "hubble-export-denylist"),
                Aggregation = settings["hubble-export-aggregation"] switch { "connection" => AggregationLevel.Connection, "identity" => AggregationLevel.Identity, _ => AggregationLevel.None },
                AggregationInterval = settings.Duration("hubble-export-aggregation-interval"),
            });
        }
        catch (FlowLogException wrong)
        {
            LogProblem(wrong.Message);
        }
    }

    private static IReadOnlyList<Waggle.Hubble.Protocol.Flows.FlowFilter> Filters(WaggleConfig settings, string key)
    {
        try
        {
            return FilterTexts.ParseAll(settings[key]);
        }
        catch (FormatException wrong)
        {
            throw new FlowLogException($"{key}: {wrong.Message}");
        }
    }

    [LoggerMessage(1131, LogLevel.Error, "Flows are not exported: {Problem}")]
    private partial void LogProblem(string problem);
}
