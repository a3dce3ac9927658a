using Waggle.Bpf;
using Waggle.Datapath.Abi;
using Waggle.Hosting.Metrics;

namespace Waggle.Agent.Datapath;

/// <summary>Packets and bytes forwarded and dropped, and events lost, from the programs' own counters.</summary>
internal sealed class DatapathMetrics(DatapathState datapath) : IMetricsSource
{
    public void Write(MetricsWriter writer)
    {
        if (!datapath.IsLoaded)
        {
            return;
        }

        var rows = new List<(DropReason Reason, TrafficDirection Direction, ulong Packets, ulong Bytes)>();
        try
        {
            foreach ((uint index, MetricsEntry[] values) in datapath.Maps.Metrics.Entries())
            {
                ulong packets = 0, bytes = 0;
                foreach (MetricsEntry value in values)
                {
                    (packets, bytes) = (packets + value.Packets, bytes + value.Bytes);
                }

                if (packets > 0)
                {
                    rows.Add(((DropReason)(index / 4), (TrafficDirection)(index % 4), packets, bytes));
                }
            }
        }
        catch (BpfException)
        {
            return;
        }

        Family(writer, "cilium_forward_count_total", "Packets forwarded.", rows.Where(r => r.Reason == DropReason.None), r => r.Packets);
        Family(writer, "cilium_forward_bytes_total", "Bytes forwarded.", rows.Where(r => r.Reason == DropReason.None), r => r.Bytes);
        Family(writer, "cilium_drop_count_total", "Packets consumed or dropped, by reason.", rows.Where(r => r.Reason != DropReason.None), r => r.Packets);
        Family(writer, "cilium_drop_bytes_total", "Bytes consumed or dropped, by reason.", rows.Where(r => r.Reason != DropReason.None), r => r.Bytes);
        Events(writer);
    }

    private static void Family(
        MetricsWriter writer, string name, string help, IEnumerable<(DropReason Reason, TrafficDirection Direction, ulong Packets, ulong Bytes)> rows, Func<(DropReason, TrafficDirection, ulong Packets, ulong Bytes), ulong> value)
    {
        writer.Family(name, "counter", help);
        foreach (var row in rows)
        {
            if (row.Reason == DropReason.None)
            {
                writer.Sample(value(row), ("direction", row.Direction.ToString().ToUpperInvariant()));
            }
            else
            {
                writer.Sample(value(row), ("reason", row.Reason.ToString()), ("direction", row.Direction.ToString().ToUpperInvariant()));
            }
        }
    }

    private void Events(MetricsWriter writer)
    {
        Span<EventCounters> values = stackalloc EventCounters[BpfCpu.PossibleCount];
        if (datapath.Maps.EventCounters.TryLookup(0, values))
        {
            ulong sent = 0, lost = 0, limited = 0;
            foreach (EventCounters value in values)
            {
                (sent, lost, limited) = (sent + value.Sent, lost + value.Lost, limited + value.Limited);
            }

            writer.Family("cilium_datapath_events_total", "counter", "Events of the programs: handed over, lost because the buffer was full, or held back by the rate limit.")
                .Sample(sent, ("outcome", "sent")).Sample(lost, ("outcome", "lost")).Sample(limited, ("outcome", "limited"));
        }
    }
}
