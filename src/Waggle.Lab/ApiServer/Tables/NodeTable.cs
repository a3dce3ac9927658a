using System.Text.Json.Nodes;

namespace Waggle.Lab.ApiServer;

internal static class NodeTable
{
    public static IReadOnlyList<TableColumn> Columns { get; } =
    [
        Tables.NameColumn,
        BuiltInTables.Column("Status", Status),
        BuiltInTables.Column("Roles", Roles),
        Tables.AgeColumn,
        BuiltInTables.Column("Version", (o, _) => J.Text(J.At(o, "status", "nodeInfo", "kubeletVersion"))),
        BuiltInTables.Column("Internal-IP", (o, _) => Address(o, "InternalIP"), 1),
        BuiltInTables.Column("External-IP", (o, _) => Address(o, "ExternalIP"), 1),
        BuiltInTables.Column("OS-Image", (o, _) => Info(o, "osImage"), 1),
        BuiltInTables.Column("Kernel-Version", (o, _) => Info(o, "kernelVersion"), 1),
        BuiltInTables.Column("Container-Runtime", (o, _) => Info(o, "containerRuntimeVersion"), 1),
    ];

    private static string Status(JsonObject node, TableClock clock)
    {
        var ready = (J.At(node, "status", "conditions") as JsonArray ?? []).FirstOrDefault(c => J.Str(c, "type") == "Ready");
        var text = ready is null ? "Unknown" : J.Str(ready, "status") == "True" ? "Ready" : "NotReady";
        return J.Bool(J.At(node, "spec", "unschedulable")) == true ? text + ",SchedulingDisabled" : text;
    }

    private static string Roles(JsonObject node, TableClock clock)
    {
        const string prefix = "node-role.kubernetes.io/";
        var roles = new SortedSet<string>(StringComparer.Ordinal);
        foreach (var (key, value) in J.At(node, "metadata", "labels") as JsonObject ?? [])
        {
            if (key.StartsWith(prefix, StringComparison.Ordinal) && key.Length > prefix.Length)
            {
                roles.Add(key[prefix.Length..]);
            }
            else if (key == "kubernetes.io/role" && J.Text(value) is { Length: > 0 } role)
            {
                roles.Add(role);
            }
        }
        return roles.Count == 0 ? BuiltInTables.None : string.Join(",", roles);
    }

    private static string Address(JsonObject node, string type) =>
        J.Str((J.At(node, "status", "addresses") as JsonArray ?? []).FirstOrDefault(a => J.Str(a, "type") == type), "address") ?? BuiltInTables.None;

    private static string Info(JsonObject node, string field) => J.Text(J.At(node, "status", "nodeInfo", field)) is { Length: > 0 } text ? text : "<unknown>";
}
