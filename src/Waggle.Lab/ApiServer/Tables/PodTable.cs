using System.Globalization;
using System.Text.Json.Nodes;

namespace Waggle.Lab.ApiServer;

/// <summary>Pods: READY, STATUS and RESTARTS are read from the container statuses.</summary>
internal static class PodTable
{
    public static IReadOnlyList<TableColumn> Columns { get; } =
    [
        Tables.NameColumn,
        BuiltInTables.Column("Ready", (o, _) => Summary(o).Ready),
        BuiltInTables.Column("Status", (o, _) => Summary(o).Status),
        BuiltInTables.Column("Restarts", Restarts),
        Tables.AgeColumn,
        BuiltInTables.Column("IP", (o, _) => J.Text(J.At(o, "status", "podIP")) is { Length: > 0 } ip ? ip : BuiltInTables.None, 1),
        BuiltInTables.Column("Node", (o, _) => J.Text(J.At(o, "spec", "nodeName")) is { Length: > 0 } node ? node : BuiltInTables.None, 1),
        BuiltInTables.Column("Nominated Node", (o, _) => J.Text(J.At(o, "status", "nominatedNodeName")) is { Length: > 0 } node ? node : BuiltInTables.None, 1),
        BuiltInTables.Column("Readiness Gates", Gates, 1),
    ];

    private static string Gates(JsonObject pod, TableClock clock)
    {
        var gates = J.At(pod, "spec", "readinessGates") as JsonArray ?? [];
        var conditions = J.At(pod, "status", "conditions") as JsonArray ?? [];
        var good = gates.Count(g => conditions.Any(c => J.Str(c, "type") == J.Str(g, "conditionType") && J.Str(c, "status") == "True"));
        return gates.Count == 0 ? BuiltInTables.None : $"{good}/{gates.Count}";
    }

    private static (string Ready, string Status) Summary(JsonObject pod)
    {
        var status = J.Obj(pod, "status");
        var phase = J.Str(status, "phase") ?? "";
        var reason = J.Str(status, "reason") is { Length: > 0 } given ? given : phase;
        var sidecars = (J.At(pod, "spec", "initContainers") as JsonArray ?? []).Where(c => J.Str(c, "restartPolicy") == "Always").Select(c => J.Str(c, "name")).ToHashSet();
        var total = (J.At(pod, "spec", "containers") as JsonArray)?.Count + sidecars.Count ?? 0;
        var ready = 0;
        var initializing = false;
        var inits = J.Arr(status, "initContainerStatuses") ?? [];
        foreach (var (i, item) in inits.Index())
        {
            var sidecar = sidecars.Contains(J.Str(item, "name"));
            if (J.At(item, "state", "terminated") is JsonObject ended)
            {
                if (J.Int(ended["exitCode"]) == 0)
                {
                    continue;
                }
                reason = "Init:" + (J.Str(ended, "reason") is { Length: > 0 } r ? r : Ended(ended));
            }
            else if (sidecar && J.Bool(item?["started"]) == true)
            {
                ready += J.Bool(item?["ready"]) == true ? 1 : 0;
                continue;
            }
            else if (J.Text(J.At(item, "state", "waiting", "reason")) is { Length: > 0 } waiting and not "PodInitializing")
            {
                reason = "Init:" + waiting;
            }
            else
            {
                reason = $"Init:{i}/{(J.At(pod, "spec", "initContainers") as JsonArray)?.Count}";
            }
            initializing = true;
            break;
        }
        if (!initializing)
        {
            var running = false;
            foreach (var item in (J.Arr(status, "containerStatuses") ?? []).Reverse())
            {
                if (J.Text(J.At(item, "state", "waiting", "reason")) is { Length: > 0 } waiting)
                {
                    reason = waiting;
                }
                else if (J.At(item, "state", "terminated") is JsonObject ended)
                {
                    reason = J.Str(ended, "reason") is { Length: > 0 } r ? r : Ended(ended);
                }
                else if (J.Bool(item?["ready"]) == true && J.At(item, "state", "running") is not null)
                {
                    running = true;
                    ready++;
                }
            }
            if (reason == "Completed" && running)
            {
                var isReady = (J.Arr(status, "conditions") ?? []).Any(c => J.Str(c, "type") == "Ready" && J.Str(c, "status") == "True");
                reason = isReady ? "Running" : "NotReady";
            }
        }
        if (J.At(pod, "metadata", "deletionTimestamp") is not null)
        {
            reason = J.Str(status, "reason") == "NodeLost" ? "Unknown" : phase is "Succeeded" or "Failed" ? reason : "Terminating";
        }
        return (string.Create(CultureInfo.InvariantCulture, $"{ready}/{total}"), reason);
    }

    private static string Ended(JsonObject terminated) =>
        J.Int(terminated["signal"]) is { } signal and not 0 ? $"Signal:{signal}" : $"ExitCode:{J.Int(terminated["exitCode"])}";

    private static string Restarts(JsonObject pod, TableClock clock)
    {
        long count = 0;
        DateTimeOffset? last = null;
        foreach (var item in (J.At(pod, "status", "containerStatuses") as JsonArray ?? []).Concat(J.At(pod, "status", "initContainerStatuses") as JsonArray ?? []))
        {
            count += J.Int(item?["restartCount"]) ?? 0;
            if (J.ParseTime(J.Text(J.At(item, "lastState", "terminated", "finishedAt"))) is { } time && (last is null || time > last))
            {
                last = time;
            }
        }
        var text = count.ToString(CultureInfo.InvariantCulture);
        return count > 0 && last is { } since ? $"{text} ({HumanDuration.Of(clock.Now - since)} ago)" : text;
    }
}
