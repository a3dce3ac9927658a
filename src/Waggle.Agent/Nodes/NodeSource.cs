using System.Net;
using System.Net.Sockets;
using Microsoft.Extensions.Hosting;
using Waggle.Agent.Kubernetes;
using Waggle.Agent.Multicast;
using Waggle.Agent.Slots;
using Waggle.Agent.Startup;
using Waggle.Kube.Resources;
using Waggle.State.Tables;

namespace Waggle.Agent.Nodes;

/// <summary>CiliumNodes → table <c>nodes</c>.</summary>
internal sealed class NodeSource : BackgroundService
{
    private readonly KubeSources _kube;
    private readonly NodeTable _table;
    private readonly SlotAllocator _slots;
    private readonly SlotWriter _writer;
    private readonly Readiness _readiness;
    private readonly TableInitializer _initialized;
    private readonly Dictionary<string, int> _slotOf = new(StringComparer.Ordinal);

    public NodeSource(KubeSources kube, NodeTable table, SlotAllocator slots, SlotWriter writer, Readiness readiness)
    {
        (_kube, _table, _slots, _writer, _readiness) = (kube, table, slots, writer, readiness);
        _initialized = table.RegisterInitializer("ciliumnodes");
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        LocalNode node = await _readiness.Node.WaitAsync(stoppingToken).ConfigureAwait(false);
        await Task.WhenAll(_readiness.Datapath, _readiness.Endpoints).WaitAsync(stoppingToken).ConfigureAwait(false);
        IReadOnlyDictionary<IPAddress, int> before = _writer.RestoreRemote();
        foreach (int slot in before.Values)
        {
            _slots.Claim(slot);
        }

        _table.Upsert(new NodeRow(node.Name, true, node.Ipv4, node.Ipv6, node.Router4, node.Router6, node.PodPrefixes, -1));
        _kube.CiliumNodes.OnChange(change =>
        {
            CiliumNode object_ = change.Object;
            if (object_.Metadata.Name == node.Name)
            {
                return;
            }

            if (change.IsDeleted)
            {
                Remove(object_.Metadata.Name!);
            }
            else if (RowOf(object_) is { TunnelAddress: not null } row)
            {
                _table.Upsert(row with { Slot = SlotOf(row, before) });
            }
        });
        await _readiness.Sources.WaitAsync(stoppingToken).ConfigureAwait(false);
        _initialized.Complete();

        // Slots of nodes that went away while no agent ran are free for others, after the maps forgot them.
        foreach (int slot in before.Values.Except(_slotOf.Values))
        {
            _writer.FreeRemote(slot);
            _slots.Release(slot);
        }
    }

    internal static NodeRow RowOf(CiliumNode node)
    {
        IPAddress? Find(string type, AddressFamily family) =>
            node.Spec.Addresses.Where(a => a.Type == type).Select(a => IPAddress.TryParse(a.Ip, out IPAddress? ip) ? ip : null).FirstOrDefault(ip => ip?.AddressFamily == family);
        return new NodeRow(
            node.Metadata.Name!, false, Find("InternalIP", AddressFamily.InterNetwork), Find("InternalIP", AddressFamily.InterNetworkV6),
            Find("CiliumInternalIP", AddressFamily.InterNetwork), Find("CiliumInternalIP", AddressFamily.InterNetworkV6),
            [.. (node.Spec.Ipam?.PodCidrs ?? []).Where(c => IPNetwork.TryParse(c, out _)).Select(IPNetwork.Parse)], -1)
        {
            Labels = [.. node.Metadata.Labels.Select(l => $"{l.Key}={l.Value}").Order(StringComparer.Ordinal)],
        };
    }

    private int SlotOf(NodeRow row, IReadOnlyDictionary<IPAddress, int> before)
    {
        if (!_slotOf.TryGetValue(row.Name, out int slot))
        {
            slot = row.TunnelAddress is { } address && before.TryGetValue(address, out int old) && !_slotOf.ContainsValue(old) ? old : _slots.Take();
            _slotOf[row.Name] = slot;
        }

        return slot;
    }

    private void Remove(string name)
    {
        _table.Delete(name);
        if (_slotOf.Remove(name, out int slot))
        {
            _slots.Release(slot);
        }
    }
}
