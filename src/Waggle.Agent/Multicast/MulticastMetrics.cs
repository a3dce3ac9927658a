using System.Net;
using Waggle.Agent.Config;
using Waggle.Agent.Datapath;
using Waggle.Agent.Endpoints;
using Waggle.Agent.Nodes;
using Waggle.Bpf;
using Waggle.Datapath.Abi;
using Waggle.Datapath.Maps;
using Waggle.Hosting.Metrics;

namespace Waggle.Agent.Multicast;

/// <summary>Multicast traffic by group, sender and receiver, from the datapath's own counters.</summary>
internal sealed class MulticastMetrics(DatapathState datapath, EndpointTable endpoints, NodeTable nodes, MemberTable members, ConfigState config, Querier querier) : IMetricsSource
{
    public void Write(MetricsWriter writer)
    {
        if (!datapath.IsLoaded)
        {
            return;
        }

        try
        {
            DatapathMaps maps = datapath.Maps;
            Senders(writer, maps);
            Receivers(writer, maps);
            Groups(writer, maps);
        }
        catch (BpfException)
        {
            // A map was being replaced; the next scrape has all of it.
        }

        (long sent, long expired) = querier.Counters;
        writer.Family("cilium_multicast_queries_total", "counter", "IGMP and MLD queries sent to pods.").Sample(sent);
        writer.Family("cilium_multicast_expired_total", "counter", "Members removed because they answered no query.").Sample(expired);
    }

    private void Senders(MetricsWriter writer, DatapathMaps maps)
    {
        (McastSenderKey Key, McastSender Value)[] rows = [.. maps.McastSenders.Entries().Select(e => (e.Key, e.Value))];
        foreach ((string name, string help, Func<McastSender, ulong> value) in new (string, string, Func<McastSender, ulong>)[]
        {
            ("cilium_multicast_sent_packets_total", "Datagrams that this node's pods (or the node itself) sent to groups.", s => s.Packets),
            ("cilium_multicast_sent_bytes_total", "IP bytes of those.", s => s.Bytes),
        })
        {
            writer.Family(name, "counter", help);
            foreach ((McastSenderKey key, McastSender sender) in rows)
            {
                EndpointRow? row = sender.EndpointId == 0 ? null : endpoints.View.Find((int)sender.EndpointId);
                writer.Sample(value(sender), ("group", key.Group.ToString()), ("source", key.Source.ToString()), ("source_namespace", row?.State.Namespace ?? ""), ("source_pod", row?.State.Pod ?? ""));
            }
        }
    }

    private void Receivers(MetricsWriter writer, DatapathMaps maps)
    {
        (McastJoinKey Key, McastJoin Value)[] rows = [.. maps.McastJoins.Entries().Select(e => (e.Key, e.Value))];
        foreach ((string name, string help, Func<McastJoin, ulong> value) in new (string, string, Func<McastJoin, ulong>)[]
        {
            ("cilium_multicast_delivered_packets_total", "Copies of datagrams handed to a member: a pod of this node, or another node.", j => j.Packets),
            ("cilium_multicast_delivered_bytes_total", "IP bytes of those.", j => j.Bytes),
        })
        {
            writer.Family(name, "counter", help);
            foreach ((McastJoinKey key, McastJoin join) in rows)
            {
                EndpointRow? row = endpoints.View.FindBy(endpoints.BySlot, (int)key.Slot);
                string node = row is null ? nodes.View.FindBy(nodes.BySlot, (int)key.Slot)?.Name ?? "" : "";
                IPAddress? address = row?.Addresses.FirstOrDefault();
                writer.Sample(
                    value(join), ("group", key.Group.ToString()), ("destination", address?.ToString() ?? ""), ("destination_namespace", row?.State.Namespace ?? ""),
                    ("destination_pod", row?.State.Pod ?? ""), ("destination_node", node));
            }
        }
    }

    private void Groups(MetricsWriter writer, DatapathMaps maps)
    {
        writer.Family("cilium_multicast_groups", "gauge", "Groups that this node forwards.").Sample(maps.McastGroups.Keys().Count());
        writer.Family("cilium_multicast_groups_limit", "gauge", "Groups that this node forwards at most.").Sample(config.Current.Number("multicast-max-groups"));
        writer.Family("cilium_multicast_members", "gauge", "Members by kind.")
            .Sample(members.View.All().Count(m => m.IsLocal), ("kind", "local")).Sample(members.View.All().Count(m => !m.IsLocal), ("kind", "remote"));
        writer.Family("cilium_multicast_unconfigured_packets_total", "counter", "Datagrams for groups that nobody configured: not forwarded.");
        foreach ((McastGroupKey key, McastUnconfigured value) in maps.McastUnconfigured.Entries())
        {
            writer.Sample(value.Packets, ("group", key.Group.ToString()));
        }
    }
}
