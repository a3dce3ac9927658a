using System.Text.Json.Nodes;

namespace Waggle.Lab.ApiServer;

internal static class WorkloadTables
{
    public static IReadOnlyList<TableColumn> Deployments { get; } =
    [
        Tables.NameColumn,
        BuiltInTables.Column("Ready", (o, _) => $"{Status(o, "readyReplicas")}/{Spec(o, "replicas")}"),
        BuiltInTables.Number("Up-to-date", o => Status(o, "updatedReplicas")),
        BuiltInTables.Number("Available", o => Status(o, "availableReplicas")),
        Tables.AgeColumn,
        .. Template("spec", "selector"),
    ];

    public static IReadOnlyList<TableColumn> ReplicaSets { get; } =
    [
        Tables.NameColumn,
        BuiltInTables.Number("Desired", o => Spec(o, "replicas")),
        BuiltInTables.Number("Current", o => Status(o, "replicas")),
        BuiltInTables.Number("Ready", o => Status(o, "readyReplicas")),
        Tables.AgeColumn,
        .. Template("spec", "selector"),
    ];

    public static IReadOnlyList<TableColumn> DaemonSets { get; } =
    [
        Tables.NameColumn,
        BuiltInTables.Number("Desired", o => Status(o, "desiredNumberScheduled")),
        BuiltInTables.Number("Current", o => Status(o, "currentNumberScheduled")),
        BuiltInTables.Number("Ready", o => Status(o, "numberReady")),
        BuiltInTables.Number("Up-to-date", o => Status(o, "updatedNumberScheduled")),
        BuiltInTables.Number("Available", o => Status(o, "numberAvailable")),
        BuiltInTables.Column("Node Selector", (o, _) => BuiltInTables.Plain(J.At(o, "spec", "template", "spec", "nodeSelector") as JsonObject)),
        Tables.AgeColumn,
        .. Template("spec", "selector"),
    ];

    public static IReadOnlyList<TableColumn> StatefulSets { get; } =
    [
        Tables.NameColumn,
        BuiltInTables.Column("Ready", (o, _) => $"{Status(o, "readyReplicas")}/{Spec(o, "replicas")}"),
        Tables.AgeColumn,
        .. Template("spec", "selector").Take(2),
    ];

    public static IReadOnlyList<TableColumn> Jobs { get; } =
    [
        Tables.NameColumn,
        BuiltInTables.Column("Status", (o, _) => JobStatus(o)),
        BuiltInTables.Column("Completions", (o, _) => $"{Status(o, "succeeded")}/{J.Int(J.At(o, "spec", "completions")) ?? 1}"),
        BuiltInTables.Column("Duration", (o, clock) => J.ParseTime(J.Text(J.At(o, "status", "startTime"))) is { } start ? HumanDuration.Of((J.ParseTime(J.Text(J.At(o, "status", "completionTime"))) ?? clock.Now) - start) : ""),
        Tables.AgeColumn,
        .. Template("spec", "selector"),
    ];

    private static string JobStatus(JsonObject job)
    {
        var conditions = J.At(job, "status", "conditions") as JsonArray ?? [];
        bool Has(string type) => conditions.Any(c => J.Str(c, "type") == type && J.Str(c, "status") == "True");
        return Has("Complete") ? "Complete" : Has("Failed") ? "Failed" : Has("Suspended") ? "Suspended" : "Running";
    }

    private static TableColumn[] Template(params string[] selector) =>
    [
        BuiltInTables.Column("Containers", (o, _) => Each(o, "name"), 1),
        BuiltInTables.Column("Images", (o, _) => Each(o, "image"), 1),
        BuiltInTables.Column("Selector", (o, _) => BuiltInTables.Selector(J.At(o, selector)), 1),
    ];

    private static string Each(JsonObject workload, string field) =>
        string.Join(",", (J.At(workload, "spec", "template", "spec", "containers") as JsonArray ?? []).Select(c => J.Str(c, field)));

    private static long Status(JsonObject o, string field) => J.Int(J.At(o, "status", field)) ?? 0;

    private static long Spec(JsonObject o, string field) => J.Int(J.At(o, "spec", field)) ?? 0;
}

internal static class EventTable
{
    public static IReadOnlyList<TableColumn> Columns { get; } =
    [
        BuiltInTables.Column("Last Seen", (o, clock) => clock.Age(First(J.At(o, "series", "lastObservedTime"), o["lastTimestamp"], o["deprecatedLastTimestamp"], o["eventTime"], J.At(o, "metadata", "creationTimestamp")))),
        BuiltInTables.Column("Type", (o, _) => J.Str(o, "type")),
        BuiltInTables.Column("Reason", (o, _) => J.Str(o, "reason")),
        BuiltInTables.Column("Object", (o, _) => Subject(o)),
        BuiltInTables.Column("Subobject", (o, _) => J.Text(J.At(o, "involvedObject", "fieldPath")) ?? J.Text(J.At(o, "regarding", "fieldPath")), 1),
        BuiltInTables.Column("Source", (o, _) => Source(o), 1),
        BuiltInTables.Column("Message", (o, _) => (J.Str(o, "message") ?? J.Str(o, "note") ?? "").Trim()),
        BuiltInTables.Column("First Seen", (o, clock) => clock.Age(First(o["firstTimestamp"], o["deprecatedFirstTimestamp"], o["eventTime"], J.At(o, "metadata", "creationTimestamp"))), 1),
        BuiltInTables.Number("Count", o => J.Int(J.At(o, "series", "count")) ?? J.Int(o["count"]) ?? J.Int(o["deprecatedCount"]) ?? 1, 1),
        new("Name", "string", "name", 1, "Name of the event.", (o, _) => J.Str(o["metadata"], "name")),
    ];

    private static string Subject(JsonObject o)
    {
        var about = J.Obj(o, "involvedObject") ?? J.Obj(o, "regarding");
        var kind = (J.Str(about, "kind") ?? "").ToLowerInvariant();
        return J.Str(about, "name") is { Length: > 0 } name ? $"{kind}/{name}" : kind;
    }

    private static string Source(JsonObject o)
    {
        var source = J.Obj(o, "source") ?? J.Obj(o, "deprecatedSource");
        var parts = new[] { J.Str(source, "component") ?? J.Str(o, "reportingComponent") ?? J.Str(o, "reportingController"), J.Str(source, "host") };
        return string.Join(", ", parts.Where(p => !string.IsNullOrEmpty(p)));
    }

    private static JsonNode? First(params ReadOnlySpan<JsonNode?> times)
    {
        foreach (var time in times)
        {
            if (J.Text(time) is { Length: > 0 })
            {
                return time;
            }
        }
        return null;
    }
}
