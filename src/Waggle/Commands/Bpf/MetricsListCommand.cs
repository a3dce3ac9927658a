using System.Text.Json.Nodes;
using Waggle.Datapath.Events;
using Waggle.Cli;
using Waggle.Cli.Output;
using Waggle.Commands.Explain;
using Waggle.Datapath.Abi;

namespace Waggle.Commands.Bpf;

internal static class MetricsListCommand
{
    /// <param name="File">Null where the count is not split by place.</param>
    internal sealed record Row(int Reason, int Direction, ulong Packets, ulong Bytes, string? File, uint Line)
    {
        public string Text => Reason == 0 ? "Success" : DropReasons.TextOf(Reason);

        /// <summary>Whether the packets got lost; what went on and what did its work did not.</summary>
        public bool IsDrop => Reason != 0 && !DropSite.IsHandled((Waggle.Datapath.Abi.DropReason)Reason);

        public string Way => Direction switch { 1 => "INGRESS", 2 => "EGRESS", 3 => "SERVICE", _ => "UNKNOWN" };
    }

    private static readonly Listing<Row> Listing = new()
    {
        Columns =
        [
            new("REASON", row => row.Text), new("DIRECTION", row => row.Way), new("PACKETS", row => $"{row.Packets}"), new("BYTES", row => $"{row.Bytes}"),
            new("LINE", row => row.File is null ? "-" : $"{row.Line}"), new("FILE", row => row.File ?? "-"), new("CODE", row => $"{row.Reason}", Wide: true),
        ],
        Json = row => new JsonObject
        {
            ["reason"] = row.Text, ["code"] = row.Reason, ["direction"] = row.Way.ToLowerInvariant(), ["packets"] = row.Packets, ["bytes"] = row.Bytes, ["file"] = row.File, ["line"] = row.Line, ["drop"] = row.IsDrop,
        },
    };

    public static Verb Create(string tool)
    {
        var output = new OutputFlags();
        return new Verb("list", "List packet counts by reason and direction")
        {
            Aliases = ["ls"],
            Flags = output.All,
            Details = "Reasons that are no drops (handled packets) are counted, too. \"waggle explain drop CODE\" explains each.",
            Examples = [new($"{tool} bpf metrics list", "what happened to packets on this node"), new($"{tool} bpf metrics list -o json", "for a script")],
            Run = (call, _) =>
            {
                var maps = new NodeMaps(call.Environment);
                using var totals = maps.Open("metrics").AsPerCpu<uint, MetricsEntry>();
                using var sites = maps.Open("metrics_sites").AsPerCpu<MetricsSite, MetricsEntry>();
                Listing.Print(call.Terminal, output.Read(call), Combine(totals.Entries(), sites.Entries()));
                return Task.FromResult(ExitCode.Ok);
            },
        };
    }

    /// <summary>Forwarded packets by direction, everything else by the place that decided.</summary>
    internal static List<Row> Combine(IEnumerable<KeyValuePair<uint, MetricsEntry[]>> totals, IEnumerable<KeyValuePair<MetricsSite, MetricsEntry[]>> sites)
    {
        var rows = totals.Where(row => row.Key / 4 == 0).Select(row => Sum((int)row.Key % 4, row.Value));
        var places = DropSite.Of(sites).Select(site => new Row((int)site.Reason, (int)site.Direction, site.Packets, site.Bytes, site.File, site.Line));
        return [.. rows.Concat(places).Where(row => row.Packets > 0).OrderBy(row => row.Text, StringComparer.Ordinal).ThenBy(row => row.Direction).ThenBy(row => row.File, StringComparer.Ordinal).ThenBy(row => row.Line)];
    }

    /// <summary>Packets that went on, of all CPUs.</summary>
    private static Row Sum(int direction, MetricsEntry[] cpus) =>
        new(0, direction, cpus.Aggregate(0ul, (sum, cpu) => sum + cpu.Packets), cpus.Aggregate(0ul, (sum, cpu) => sum + cpu.Bytes), null, 0);
}
