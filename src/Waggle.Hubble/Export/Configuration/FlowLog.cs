using Waggle.Hubble.Protocol.Flows;

namespace Waggle.Hubble.Export.Configuration;

/// <summary>One exporter, as configured.</summary>
/// <param name="Name">Unique among the exporters of a node.</param>
/// <param name="FilePath">A file, <c>stdout</c>, <c>syslog+tcp://host:port</c>, <c>syslog+tls://host:port</c>, <c>otlp+http://host:4318</c> or <c>otlp+https://host</c>.</param>
public sealed record FlowLog(string Name, string FilePath)
{
    public IReadOnlyList<string> FieldMask { get; init; } = [];

    /// <summary>Flows that are equal in these fields are joined and counted for each <see cref="AggregationInterval"/>; none: they are not.</summary>
    public IReadOnlyList<string> FieldAggregate { get; init; } = [];

    public IReadOnlyList<FlowFilter> Include { get; init; } = [];

    public IReadOnlyList<FlowFilter> Exclude { get; init; } = [];

    public DateTimeOffset? End { get; init; }

    public AggregationLevel Aggregation { get; init; }

    public TimeSpan AggregationInterval { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>Null: as the agent's defaults say.</summary>
    public int? MaxSizeMb { get; init; }

    public int? MaxBackups { get; init; }

    public bool? Compress { get; init; }

    /// <summary>Equal texts: the exporter may go on as it is.</summary>
    public string Fingerprint() =>
        $"{Name}|{FilePath}|{string.Join(',', FieldMask)}|{string.Join(',', FieldAggregate)}|{string.Join(' ', Include)}|{string.Join(' ', Exclude)}|{End:O}|{Aggregation}|{AggregationInterval}|{MaxSizeMb}|{MaxBackups}|{Compress}";
}

/// <summary>A configuration of exporters that cannot be used; the message names the exporter and the field.</summary>
public sealed class FlowLogException(string message) : Exception(message);
