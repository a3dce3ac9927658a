using System.Net;
using Waggle.Agent.Datapath;
using Waggle.Agent.Multicast;
using Waggle.Datapath.Abi;
using Waggle.Datapath.Maps;

namespace Waggle.Agent.Endpoints;

/// <summary>An endpoint's rows in the maps.</summary>
internal sealed class EndpointMaps(DatapathState datapath, SlotWriter slots)
{
    /// <summary>What the programs need to know who sends: the slot and the row by device. Written before programs are attached.</summary>
    public void WriteSender(EndpointRow row)
    {
        slots.WriteLocal(row);
        datapath.Maps.EndpointsByIfindex.Update((uint)row.State.HostIfindex, InfoOf(row));
        datapath.Maps.ForwardingChanged();
    }

    /// <summary>What makes others reach it.</summary>
    public void WriteAddresses(EndpointRow row)
    {
        EndpointInfo info = InfoOf(row);
        foreach (IPAddress address in row.Addresses)
        {
            datapath.Maps.Endpoints.Update(Key(address), info);
        }

        datapath.Maps.ForwardingChanged();
    }

    /// <summary>From now on nobody reaches it.</summary>
    public void RemoveAddresses(EndpointRow row)
    {
        DatapathMaps maps = datapath.Maps;
        foreach (IPAddress address in row.Addresses)
        {
            if (maps.Endpoints.TryLookup(Key(address), out EndpointInfo info) && info.EndpointId == row.Id)
            {
                maps.Endpoints.Delete(Key(address));
            }
        }

        slots.LeaveLocal(row.State.Slot);
        maps.ForwardingChanged();
    }

    /// <summary>Forgets who sent from its device.</summary>
    public void RemoveSender(EndpointRow row)
    {
        slots.FreeLocal(row.State.Slot);
        datapath.Maps.EndpointsByIfindex.Delete((uint)row.State.HostIfindex);
        datapath.Maps.ForwardingChanged();
    }

    /// <summary>True when the maps hold the endpoint as it should be.</summary>
    public bool Hold(EndpointRow row)
    {
        EndpointInfo wanted = InfoOf(row);
        return datapath.Maps.EndpointsByIfindex.TryLookup(wanted.Ifindex, out EndpointInfo have) && have == wanted
            && row.Addresses.All(a => datapath.Maps.Endpoints.TryLookup(Key(a), out EndpointInfo byAddress) && byAddress == wanted);
    }

    /// <summary>Removes rows of endpoints that are not <paramref name="desired"/>; rows of the node itself are others' business.</summary>
    public void Prune(IReadOnlyCollection<EndpointRow> desired)
    {
        DatapathMaps maps = datapath.Maps;
        HashSet<Address> addresses = [.. desired.SelectMany(r => r.Addresses).Select(Address.From)];
        foreach ((EndpointKey key, EndpointInfo info) in maps.Endpoints.Entries().ToArray())
        {
            if ((info.Flags & (uint)EndpointFlags.Host) == 0 && !addresses.Contains(key.Address))
            {
                maps.Endpoints.Delete(key);
            }
        }

        HashSet<uint> devices = [.. desired.Select(r => (uint)r.State.HostIfindex)];
        foreach (uint ifindex in maps.EndpointsByIfindex.Keys().ToArray())
        {
            if (!devices.Contains(ifindex))
            {
                maps.EndpointsByIfindex.Delete(ifindex);
            }
        }

        maps.ForwardingChanged();
        slots.PruneLocal(desired.Select(r => r.State.Slot).ToHashSet());
    }

    private static EndpointKey Key(IPAddress address) => new() { Address = Address.From(address) };

    private static EndpointInfo InfoOf(EndpointRow row) => new()
    {
        Ifindex = (uint)row.State.HostIfindex,
        Identity = row.State.Identity,
        EndpointId = (uint)row.Id,
        Slot = (uint)row.State.Slot,
        PodMac = AbiText.Mac(row.State.PodMac),
        HostMac = AbiText.Mac(row.State.HostMac),
        Ipv4 = Address.From(row.Ipv4),
        Ipv6 = Address.From(row.Ipv6),
        PolicySubject = row.State.PolicySubject,
    };
}
