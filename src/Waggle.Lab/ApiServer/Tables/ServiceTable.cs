using System.Text.Json.Nodes;

namespace Waggle.Lab.ApiServer;

internal static class ServiceTable
{
    public static IReadOnlyList<TableColumn> Columns { get; } =
    [
        Tables.NameColumn,
        BuiltInTables.Column("Type", (o, _) => J.Text(J.At(o, "spec", "type"))),
        BuiltInTables.Column("Cluster-IP", (o, _) => J.Text(J.At(o, "spec", "clusterIP")) is { Length: > 0 } ip ? ip : BuiltInTables.None),
        BuiltInTables.Column("External-IP", External),
        BuiltInTables.Column("Port(s)", Ports),
        Tables.AgeColumn,
        BuiltInTables.Column("Selector", (o, _) => BuiltInTables.Plain(J.At(o, "spec", "selector") as JsonObject), 1),
    ];

    private static string External(JsonObject service, TableClock clock)
    {
        var spec = J.Obj(service, "spec");
        var given = (J.Arr(spec, "externalIPs") ?? []).Select(J.Show).ToList();
        switch (J.Str(spec, "type"))
        {
            case "ExternalName":
                return J.Str(spec, "externalName") ?? BuiltInTables.None;
            case "LoadBalancer":
                given.InsertRange(0, (J.At(service, "status", "loadBalancer", "ingress") as JsonArray ?? []).Select(i => J.Str(i, "ip") is { Length: > 0 } ip ? ip : J.Str(i, "hostname") ?? ""));
                return given.Count == 0 ? "<pending>" : string.Join(",", given);
            default:
                return given.Count == 0 ? BuiltInTables.None : string.Join(",", given);
        }
    }

    private static string Ports(JsonObject service, TableClock clock)
    {
        var ports = (J.At(service, "spec", "ports") as JsonArray ?? []).Select(p =>
            J.Int(p?["nodePort"]) is { } node and > 0 ? $"{J.Int(p?["port"])}:{node}/{J.Str(p, "protocol")}" : $"{J.Int(p?["port"])}/{J.Str(p, "protocol")}").ToList();
        return ports.Count == 0 ? BuiltInTables.None : string.Join(",", ports);
    }

    public static string EndpointsOf(JsonObject endpoints)
    {
        var all = new List<string>();
        foreach (var subset in J.Arr(endpoints, "subsets") ?? [])
        {
            var ports = J.Arr(subset, "ports") ?? [];
            foreach (var address in J.Arr(subset, "addresses") ?? [])
            {
                var ip = J.Str(address, "ip")!;
                if (ports.Count == 0)
                {
                    all.Add(ip);
                }
                all.AddRange(ports.Select(p => ip.Contains(':') ? $"[{ip}]:{J.Int(p?["port"])}" : $"{ip}:{J.Int(p?["port"])}"));
            }
        }
        return BuiltInTables.Joined(all, 3, BuiltInTables.None);
    }
}
