using Google.Protobuf.WellKnownTypes;
using Microsoft.Extensions.Logging;
using Waggle.Hubble.Codec;
using Waggle.Hubble.Export.Configuration;
using Waggle.Hubble.Export.Otlp;
using Waggle.Hubble.Export.Targets;
using Waggle.Hubble.Filters;
using Waggle.Hubble.Rpc;

namespace Waggle.Hubble.Export;

/// <summary>Makes exporters of their configurations.</summary>
/// <param name="node">"cluster/node" as flows name it.</param>
/// <param name="rotation">For files that say nothing of their own.</param>
public sealed class ExporterFactory(string cluster, string node, FileRotation rotation, TimeProvider time, ILoggerFactory logs)
{
    /// <exception cref="FlowLogException">A filter, a field or the target cannot be used.</exception>
    public FlowExporter Make(FlowLog log)
    {
        FlowFilterSet filters;
        FlowMask mask;
        FlowGroups? groups;
        try
        {
            filters = FlowFilterSet.Compile(log.Include, log.Exclude);
            groups = log.FieldAggregate.Count == 0 || log.AggregationInterval == TimeSpan.Zero ? null : new FlowGroups(FlowMask.Compile(new FieldMask { Paths = { log.FieldAggregate } }, "fieldAggregate"), log.AggregationInterval);
            mask = log.FieldMask.Count == 0 ? FlowMask.All : FlowMask.Compile(new FieldMask { Paths = { log.FieldMask } }, "fieldMask");
        }
        catch (RpcException wrong)
        {
            throw new FlowLogException($"flowLog \"{log.Name}\": {wrong.Detail.Replace("whitelist", "includeFilters", StringComparison.Ordinal).Replace("blacklist", "excludeFilters", StringComparison.Ordinal)}");
        }

        if (groups is not null && log.Aggregation != AggregationLevel.None)
        {
            throw new FlowLogException($"flowLog \"{log.Name}\": fieldAggregate and aggregation exclude each other");
        }

        FlowAggregation aggregation = log.Aggregation == AggregationLevel.None ? FlowAggregation.None : new FlowAggregation(log.Aggregation, log.AggregationInterval);
        return new FlowExporter(log.Name, node, filters, aggregation, groups, Sink(log, mask), log.End, time, logs.CreateLogger<FlowExporter>());
    }

    private IFlowSink Sink(FlowLog log, FlowMask mask)
    {
        if (log.FilePath == "stdout")
        {
            return new JsonLinesSink(new StreamTarget(Console.OpenStandardOutput()), mask);
        }

        int scheme = log.FilePath.IndexOf("://", StringComparison.Ordinal);
        if (scheme < 0)
        {
            var own = new FileRotation((log.MaxSizeMb ?? (int)(rotation.MaxBytes >> 20)) * (1L << 20), log.MaxBackups ?? rotation.MaxBackups, log.Compress ?? rotation.Compress);
            return Path.IsPathRooted(log.FilePath) ? new JsonLinesSink(new FileTarget(log.FilePath, own, time), mask) : throw Wrong(log, "a file needs its whole path, beginning with /");
        }

        if (!Uri.TryCreate(log.FilePath, UriKind.Absolute, out Uri? address) || address.Host.Length == 0)
        {
            throw Wrong(log, "is no address such as otlp+http://collector:4318");
        }

        switch (address.Scheme)
        {
            case "otlp+http" or "otlp+https":
                return new OtlpSink(new Uri(log.FilePath["otlp+".Length..]), cluster, node, time);
            case "syslog+tcp" or "syslog+tls":
                bool tls = address.Scheme == "syslog+tls";
                string? authority = address.Query.StartsWith("?ca=", StringComparison.Ordinal) ? Uri.UnescapeDataString(address.Query[4..]) : null;
                return new JsonLinesSink(new SyslogTarget(new SyslogServer(address.Host, address.Port > 0 ? address.Port : tls ? 6514 : 601, tls, authority), node, time), mask);
            default:
                throw Wrong(log, $"scheme \"{address.Scheme}\" is none of otlp+http, otlp+https, syslog+tcp, syslog+tls");
        }
    }

    private static FlowLogException Wrong(FlowLog log, string problem) => new($"flowLog \"{log.Name}\": filePath \"{log.FilePath}\": {problem}");
}
