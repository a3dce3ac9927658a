using System.Net;
using Waggle.Agent.Datapath;
using Waggle.Agent.Multicast;
using Waggle.Datapath.Abi;
using Waggle.State.Reconciling;
using Waggle.State.Tables;

namespace Waggle.Agent.Nodes;

/// <summary>Table <c>nodes</c> → map <c>nodes</c> (from whom tunnels are accepted) and the nodes' multicast slots.</summary>
internal sealed class NodeMaps(DatapathState datapath, SlotWriter slots) : IReconcilerTarget<NodeRow>
{
    public ValueTask UpdateAsync(Snapshot snapshot, NodeRow row, CancellationToken cancellation)
    {
        if (row is { IsLocal: false, TunnelAddress: { } tunnel })
        {
            slots.WriteRemote(row.Slot, tunnel);
            foreach (NodeKey key in Keys(row))
            {
                datapath.Maps.Nodes.Update(key, new NodeInfo { NodeId = (uint)row.Slot, Slot = (uint)row.Slot });
            }

            datapath.Maps.ForwardingChanged();
        }

        return ValueTask.CompletedTask;
    }

    public ValueTask DeleteAsync(Snapshot snapshot, NodeRow row, CancellationToken cancellation)
    {
        if (!row.IsLocal)
        {
            foreach (NodeKey key in Keys(row))
            {
                datapath.Maps.Nodes.Delete(key);
            }

            datapath.Maps.ForwardingChanged();
            slots.FreeRemote(row.Slot);
        }

        return ValueTask.CompletedTask;
    }

    public ValueTask PruneAsync(Snapshot snapshot, IReadOnlyCollection<NodeRow> desired, CancellationToken cancellation)
    {
        HashSet<NodeKey> wanted = [.. desired.Where(r => !r.IsLocal).SelectMany(Keys)];
        foreach (NodeKey key in datapath.Maps.Nodes.Keys().ToArray())
        {
            if (!wanted.Contains(key))
            {
                datapath.Maps.Nodes.Delete(key);
            }
        }

        datapath.Maps.ForwardingChanged();
        slots.PruneRemote(desired.Where(r => !r.IsLocal).Select(r => r.Slot).ToHashSet());
        return ValueTask.CompletedTask;
    }

    private static IEnumerable<NodeKey> Keys(NodeRow row) => new[] { row.Ipv4, row.Ipv6 }.OfType<IPAddress>().Select(a => new NodeKey { Address = Address.From(a) });
}
