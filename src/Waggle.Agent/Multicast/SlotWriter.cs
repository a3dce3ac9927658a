using System.Net;
using Waggle.Agent.Datapath;
using Waggle.Agent.Endpoints;
using Waggle.Datapath.Abi;
using Waggle.Datapath.Maps;

namespace Waggle.Agent.Multicast;

/// <summary>The rows of the multicast slot map, for endpoints and for other nodes.</summary>
/// <remarks>A slot that becomes free first leaves every group: its next owner must not inherit members.</remarks>
internal sealed class SlotWriter(DatapathState datapath, MembershipControl memberships)
{
    public void WriteLocal(EndpointRow row)
    {
        uint slot = (uint)row.State.Slot;
        var value = new McastSlot
        {
            Kind = (uint)SlotKind.Local, Ifindex = (uint)row.State.HostIfindex, EndpointId = (uint)row.Id, Identity = row.State.Identity,
            Ipv4 = Address.From(row.Ipv4), Ipv6 = Address.From(row.Ipv6),
        };
        Write(slot, value);
    }

    public void WriteRemote(int slot, IPAddress tunnel) =>
        Write((uint)slot, new McastSlot { Kind = (uint)SlotKind.Remote, EndpointId = (uint)slot, Identity = (uint)ReservedIdentity.RemoteNode, Tunnel = Address.From(tunnel) });

    /// <summary>Takes an endpoint out of its groups: no copies are sent to it any more.</summary>
    public void LeaveLocal(int slot) => LeaveAll((uint)slot);

    /// <summary>Frees the slot of an endpoint; nothing happens when another kind has it.</summary>
    public void FreeLocal(int slot) => Free((uint)slot, SlotKind.Local);

    public void FreeRemote(int slot) => Free((uint)slot, SlotKind.Remote);

    /// <summary>Frees slots of endpoints that are not listed.</summary>
    public void PruneLocal(IReadOnlySet<int> used) => Prune(SlotKind.Local, used);

    public void PruneRemote(IReadOnlySet<int> used) => Prune(SlotKind.Remote, used);

    /// <summary>Slots of other nodes that an earlier agent gave, by tunnel address.</summary>
    public IReadOnlyDictionary<IPAddress, int> RestoreRemote()
    {
        var found = new Dictionary<IPAddress, int>();
        foreach ((uint slot, McastSlot value) in datapath.Maps.McastSlots.Entries())
        {
            if (value.Kind == (uint)SlotKind.Remote && value.Tunnel.ToIPAddress() is { } address)
            {
                found[address] = (int)slot;
            }
        }

        return found;
    }

    private void Write(uint slot, in McastSlot value)
    {
        DatapathMaps maps = datapath.Maps;
        if (maps.McastSlots.TryLookup(slot, out McastSlot before) && before == value)
        {
            return;
        }

        if (before.Kind != (uint)SlotKind.Free && (before.Kind != value.Kind || before.EndpointId != value.EndpointId))
        {
            memberships.LeaveAll(slot);
            maps.McastLimits.Update(slot, default);
        }

        maps.McastSlots.Update(slot, value);
    }

    private void Free(uint slot, SlotKind kind)
    {
        DatapathMaps maps = datapath.Maps;
        if (maps.McastSlots.TryLookup(slot, out McastSlot value) && value.Kind == (uint)kind)
        {
            if (kind == SlotKind.Remote)
            {
                memberships.LeaveAll(slot);
            }
            else
            {
                LeaveAll(slot);
            }

            maps.McastSlots.Update(slot, default);
            maps.McastLimits.Update(slot, default);
        }
    }

    /// <summary>Most pods never joined anything; then there is no need to look through all memberships.</summary>
    private void LeaveAll(uint slot)
    {
        if (datapath.Maps.McastLimits.TryLookup(slot, out McastLimit limit) && limit.Groups > 0)
        {
            memberships.LeaveAll(slot);
        }
    }

    private void Prune(SlotKind kind, IReadOnlySet<int> used)
    {
        foreach ((uint slot, McastSlot value) in datapath.Maps.McastSlots.Entries().ToArray())
        {
            if (value.Kind == (uint)kind && !used.Contains((int)slot))
            {
                Free(slot, kind);
            }
        }
    }
}
