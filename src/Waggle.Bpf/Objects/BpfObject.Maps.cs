using Waggle.Bpf.Interop;

namespace Waggle.Bpf;

public sealed unsafe partial class BpfObject
{
    private readonly HashSet<string> pinnedByName = [];
    private readonly Dictionary<string, BpfMapDeclaration> innerMaps = [];

    /// <summary>The maps of the object as it declares them (with changes made so far).</summary>
    public IEnumerable<BpfMapDeclaration> Maps => maps.Keys.Select(DescribeMap);

    /// <summary>One map as declared.</summary>
    public BpfMapDeclaration DescribeMap(string name)
    {
        var map = Map(name);
        return Describe(map, name, pinnedByName.Contains(name));
    }

    /// <summary>Whether the object declares a map of this name.</summary>
    public bool HasMap(string name) => maps.ContainsKey(name);

    /// <summary>Sets a map's capacity; a wrong kind of map is refused by the kernel at load.</summary>
    public void SetMaxEntries(string map, uint maxEntries)
    {
        RequireNotLoaded();
        BpfException.Check(Libbpf.bpf_map__set_max_entries(Map(map), maxEntries), "set max entries of map", map);
    }

    /// <summary>Leaves a map uncreated: a load still succeeds if no live code uses it (its feature's .rodata switch is off).</summary>
    public void SetAutocreate(string map, bool create)
    {
        RequireNotLoaded();
        BpfException.Check(Libbpf.bpf_map__set_autocreate(Map(map), create ? (byte)1 : (byte)0), "set autocreate of map", map);
    }

    /// <summary>Uses an existing map instead of creating one. The caller has checked that it is compatible.</summary>
    public void ReuseMap(string map, BpfMap existing)
    {
        RequireNotLoaded();
        BpfException.Check(Libbpf.bpf_map__reuse_fd(Map(map), existing.Handle), "reuse map", map);
    }

    /// <summary>Gives a map-in-map its inner template, where the object declares none.</summary>
    public void SetInnerMap(string outerMap, BpfMap template)
    {
        RequireNotLoaded();
        BpfException.Check(Libbpf.bpf_map__set_inner_map_fd(Map(outerMap), template.Handle), "set inner map of", outerMap);
    }

    /// <summary>The inner map template that the object declares for a map-in-map; null where it declares none.</summary>
    public BpfMapDeclaration? DescribeInnerMap(string outerMap) =>
        innerMaps.TryGetValue(outerMap, out var inner) ? inner : HasMap(outerMap) ? null : throw NoMap(outerMap);

    /// <summary>A loaded map, with its own fd.</summary>
    public BpfMap GetMap(string name)
    {
        var map = Map(name);
        RequireLoaded();
        var fd = Libbpf.bpf_map__fd(map);
        return fd < 0
            ? throw new InvalidOperationException($"map {name} of {Name} was not created (autocreate is off)")
            : new BpfMap(Sys.Duplicate(fd), name);
    }

    /// <summary>A loaded map with typed keys and values; their sizes are checked.</summary>
    public BpfMap<TKey, TValue> GetMap<TKey, TValue>(string name)
        where TKey : unmanaged
        where TValue : unmanaged => GetMap(name).As<TKey, TValue>();

    /// <summary>Every map: pinning is decided by the caller, never by libbpf on its own under /sys/fs/bpf.</summary>
    private void Register(nint map)
    {
        var name = Text(Libbpf.bpf_map__name(map));
        maps[name] = map;
        if (Libbpf.bpf_map__pin_path(map) != null)
        {
            pinnedByName.Add(name);
            BpfException.Check(Libbpf.bpf_map__set_pin_path(map, null), "clear pin path of map", name);
        }

        // libbpf forgets the template once the outer map exists.
        var inner = Libbpf.bpf_map__inner_map(map);
        if (inner != 0)
        {
            innerMaps[name] = Describe(inner, name + ".inner", pinByName: false);
        }
    }

    private static BpfMapDeclaration Describe(nint map, string name, bool pinByName) =>
        new(
            name,
            (BpfMapType)Libbpf.bpf_map__type(map),
            (int)Libbpf.bpf_map__key_size(map),
            (int)Libbpf.bpf_map__value_size(map),
            Libbpf.bpf_map__max_entries(map),
            Libbpf.bpf_map__map_flags(map),
            Libbpf.bpf_map__map_extra(map),
            (int)Libbpf.bpf_map__btf_key_type_id(map),
            (int)Libbpf.bpf_map__btf_value_type_id(map),
            Libbpf.bpf_map__is_internal(map) != 0,
            pinByName);
}
