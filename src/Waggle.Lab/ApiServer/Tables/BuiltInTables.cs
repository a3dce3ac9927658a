using System.Text.Json.Nodes;

namespace Waggle.Lab.ApiServer;

/// <summary>The columns of built-in kinds whose cells are computed, as kubectl users know them.</summary>
internal static class BuiltInTables
{
    public const string None = "<none>";

    private static readonly Dictionary<string, IReadOnlyList<TableColumn>> s_columns = new()
    {
        ["pods"] = PodTable.Columns,
        ["nodes"] = NodeTable.Columns,
        ["services"] = ServiceTable.Columns,
        ["deployments.apps"] = WorkloadTables.Deployments,
        ["replicasets.apps"] = WorkloadTables.ReplicaSets,
        ["daemonsets.apps"] = WorkloadTables.DaemonSets,
        ["statefulsets.apps"] = WorkloadTables.StatefulSets,
        ["jobs.batch"] = WorkloadTables.Jobs,
        ["namespaces"] = [Tables.NameColumn, Column("Status", (o, _) => J.Text(J.At(o, "status", "phase"))), Tables.AgeColumn],
        ["configmaps"] = [Tables.NameColumn, Number("Data", o => Count(o["data"]) + Count(o["binaryData"])), Tables.AgeColumn],
        ["secrets"] = [Tables.NameColumn, Column("Type", (o, _) => J.Str(o, "type")), Number("Data", o => Count(o["data"])), Tables.AgeColumn],
        ["serviceaccounts"] = [Tables.NameColumn, Number("Secrets", o => Count(o["secrets"])), Tables.AgeColumn],
        ["endpoints"] = [Tables.NameColumn, Column("Endpoints", (o, _) => ServiceTable.EndpointsOf(o)), Tables.AgeColumn],
        ["endpointslices.discovery.k8s.io"] =
        [
            Tables.NameColumn,
            Column("AddressType", (o, _) => J.Str(o, "addressType")),
            Column("Ports", (o, _) => Joined((J.Arr(o, "ports") ?? []).Select(p => J.Show(p?["port"])), 3, "<unset>")),
            Column("Endpoints", (o, _) => Joined((J.Arr(o, "endpoints") ?? []).SelectMany(e => J.Arr(e, "addresses") ?? []).Select(J.Show), 3, "<unset>")),
            Tables.AgeColumn,
        ],
        ["events"] = EventTable.Columns,
        ["events.events.k8s.io"] = EventTable.Columns,
        ["networkpolicies.networking.k8s.io"] = [Tables.NameColumn, Column("Pod-Selector", (o, _) => Selector(J.At(o, "spec", "podSelector"))), Tables.AgeColumn],
        ["ingresses.networking.k8s.io"] =
        [
            Tables.NameColumn,
            Column("Class", (o, _) => J.Text(J.At(o, "spec", "ingressClassName")) ?? None),
            Column("Hosts", (o, _) => Joined((J.At(o, "spec", "rules") as JsonArray ?? []).Select(r => J.Str(r, "host") is { Length: > 0 } h ? h : "*"), 3, "*")),
            Column("Address", (o, _) => string.Join(",", (J.At(o, "status", "loadBalancer", "ingress") as JsonArray ?? []).Select(i => J.Str(i, "ip") ?? J.Str(i, "hostname")))),
            Column("Ports", (o, _) => J.At(o, "spec", "tls") is JsonArray { Count: > 0 } ? "80, 443" : "80"),
            Tables.AgeColumn,
        ],
    };

    public static IReadOnlyList<TableColumn>? Find(ResourceDefinition resource) => s_columns.GetValueOrDefault(resource.QualifiedName);

    public static TableColumn Column(string name, Func<JsonObject, TableClock, string?> cell, int priority = 0) => new(name, "string", "", priority, name, (o, clock) => cell(o, clock));

    public static TableColumn Number(string name, Func<JsonObject, long> cell, int priority = 0) => new(name, "integer", "", priority, name, (o, _) => J.Num(cell(o)));

    public static int Count(JsonNode? node) => node switch { JsonObject o => o.Count, JsonArray a => a.Count, _ => 0 };

    /// <summary>The first entries of a list, and how many more there are.</summary>
    public static string Joined(IEnumerable<string> items, int max, string empty)
    {
        var all = items.ToList();
        return all.Count == 0 ? empty : all.Count <= max ? string.Join(",", all) : $"{string.Join(",", all.Take(max))} + {all.Count - max} more...";
    }

    /// <summary>A label selector in its text form.</summary>
    public static string Selector(JsonNode? selector)
    {
        var parts = Pairs(J.Obj(selector, "matchLabels")).ToList();
        foreach (var e in J.Arr(selector, "matchExpressions") ?? [])
        {
            var key = J.Str(e, "key");
            var values = string.Join(",", (J.Arr(e, "values") ?? []).Select(J.Show));
            parts.Add(J.Str(e, "operator") switch { "In" => $"{key} in ({values})", "NotIn" => $"{key} notin ({values})", "DoesNotExist" => $"!{key}", _ => key! });
        }
        return parts.Count == 0 ? None : string.Join(",", parts);
    }

    public static IEnumerable<string> Pairs(JsonObject? map) => (map ?? []).OrderBy(p => p.Key, StringComparer.Ordinal).Select(p => $"{p.Key}={J.Show(p.Value)}");

    public static string Plain(JsonObject? map) => map is { Count: > 0 } ? string.Join(",", Pairs(map)) : None;
}
