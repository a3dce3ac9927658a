using Waggle.Bpf;
using Waggle.Datapath.Abi;
using Waggle.Datapath.Loading;
using Waggle.Linux;

namespace Waggle.Datapath.Multicast;

/// <summary>
/// Device lists over which one packet reaches many pods of the node (<c>bpf/progs/fan_out.bpf.c</c>): loads the program, attaches it to
/// a device of its own and keeps the lists. Which group uses which list stands in the map <c>mcast_fan_outs</c>, see
/// <see cref="RowOf"/>. Not thread-safe. Disposing lets go of program and lists; a pinned link keeps both working.
/// </summary>
public sealed class FanOut : IDisposable
{
    /// <summary>Name of the device whose ingress program sends; the other end of the pair is only there because pairs are.</summary>
    public const string Device = "cilium_mcast";

    /// <summary>Name of the other end.</summary>
    public const string Peer = "cilium_mcastp";

    /// <summary>With fewer local members a list is not worth its upkeep: the way to its device costs as much as five clones.</summary>
    public const int FewestMembers = 16;

    private const string PinName = Device + "_xdp";

    private readonly BpfObject _object;
    private readonly BpfMap _map;
    private readonly BpfMapOfMaps<uint> _lists;
    private readonly BpfLink _link;
    private readonly HashSet<uint> _used = [];
    private uint _next;

    private FanOut(BpfObject loaded, int ifindex, string? pin)
    {
        (_object, Ifindex) = (loaded, ifindex);
        _map = loaded.GetMap("lists");
        _lists = _map.AsMapOfMaps<uint>();
        using var program = loaded.GetProgram(EmbeddedObjects.FanOut);
        _link = BpfLink.AttachXdp(program, ifindex, XdpMode.Generic);
        if (pin is not null)
        {
            _link.Pin(pin);
        }
    }

    /// <summary>The device.</summary>
    public int Ifindex { get; }

    /// <summary>Loads the program and attaches it. The device is one of the calling thread's network namespace.</summary>
    /// <param name="ifindex">A device that nothing else sends to.</param>
    /// <param name="paths">Where to pin the link, so that it outlives this process; null: it does not.</param>
    /// <exception cref="BpfException">The kernel cannot, or something is attached already.</exception>
    public static FanOut Create(int ifindex, DatapathPaths? paths)
    {
        var loaded = BpfObject.Open(EmbeddedObjects.Read(EmbeddedObjects.FanOut), new BpfObjectOptions { Name = EmbeddedObjects.FanOut });
        try
        {
            loaded.Load();
            return new FanOut(loaded, ifindex, paths is null ? null : PinOf(paths));
        }
        catch
        {
            loaded.Dispose();
            throw;
        }
    }

    /// <summary>Forgets the link of an earlier process; its device is to be removed, too.</summary>
    public static void Forget(DatapathPaths paths) => File.Delete(PinOf(paths));

    /// <summary>Makes a list and returns its number, which no other list of this object has had for long.</summary>
    /// <param name="devices">Indices of devices of the calling thread's network namespace.</param>
    /// <exception cref="BpfException">ENODEV or EINVAL: a device is gone. ENOSPC: no number is free.</exception>
    public uint Add(IReadOnlyList<int> devices)
    {
        using var inner = BpfMap.Create(new BpfMapSpec(BpfMapType.DevMap, "fan_out_list", sizeof(uint), sizeof(uint), (uint)devices.Count));
        for (var i = 0; i < devices.Count; i++)
        {
            inner.Update(BitConverter.GetBytes(i), BitConverter.GetBytes(devices[i]));
        }

        var numbers = _map.Info.MaxEntries;
        if (_used.Count >= numbers)
        {
            throw new BpfException("add list to", "fan_out", Errno.ENOSPC, "all lists are in use");
        }

        while (!_used.Add(_next))
        {
            _next = (_next + 1) % numbers;
        }

        var list = _next;
        _next = (_next + 1) % numbers;
        _lists.Set(list, inner);
        return list;
    }

    /// <summary>Removes a list. Packets on their way to it are lost: its group's row has to be gone for a moment.</summary>
    public void Remove(uint list)
    {
        if (_used.Remove(list))
        {
            _lists.Delete(list);
        }
    }

    /// <summary>What a group's row of <c>mcast_fan_outs</c> has to be.</summary>
    /// <param name="list">From <see cref="Add"/>.</param>
    /// <param name="slots">The members' slots, one for each device of the list.</param>
    /// <param name="mtu">The smallest MTU of the devices.</param>
    public McastFanOut RowOf(uint list, IReadOnlyCollection<uint> slots, int mtu)
    {
        const uint EthernetHeader = 14;
        var row = new McastFanOut { Ifindex = (uint)Ifindex, List = list, MaxLength = (uint)mtu + EthernetHeader };
        foreach (var slot in slots.Distinct())
        {
            row.Words[(int)slot / 64] |= 1UL << ((int)slot % 64);
            row.Members++;
        }

        return row;
    }

    public void Dispose()
    {
        _link.Dispose();
        _map.Dispose();
        _object.Dispose();
    }

    private static string PinOf(DatapathPaths paths) => Path.Combine(paths.Links, PinName);
}
