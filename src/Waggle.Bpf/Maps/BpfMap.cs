using Waggle.Linux;
using Waggle.Bpf.Btf;
using Waggle.Bpf.Interop;

namespace Waggle.Bpf;

/// <summary>
/// A BPF map with keys and values as bytes: what dumps and tests of unknown maps use, and the base that
/// <see cref="BpfMap{TKey, TValue}"/> stands on. All operations are single system calls and thread-safe.
/// </summary>
public sealed unsafe partial class BpfMap : IDisposable
{
    private BpfMapInfo? info;

    internal BpfMap(FileDescriptor handle, string name)
    {
        Handle = handle;
        Name = name;
    }

    /// <summary>The map's fd.</summary>
    public FileDescriptor Handle { get; }

    /// <summary>Name for messages: the name in the object, or the path it was opened by.</summary>
    public string Name { get; }

    /// <summary>What the kernel says about the map; immutable facts, read once.</summary>
    public BpfMapInfo Info => info ??= ReadInfo();

    /// <summary>Bytes a value takes in user space: per-CPU maps have one 8-byte aligned element per possible CPU.</summary>
    public int UserValueSize => Info.IsPerCpu ? BpfCpu.Stride(Info.ValueSize) * BpfCpu.PossibleCount : Info.ValueSize;

    /// <summary>Opens a pinned map.</summary>
    /// <param name="path">Path in a bpffs.</param>
    /// <param name="readOnly">Ask for an fd that cannot change the map.</param>
    /// <exception cref="BpfException">No such pin, not a map, or no privilege.</exception>
    public static BpfMap OpenPinned(string path, bool readOnly = false)
    {
        var handle = BpfPin.Open(path, readOnly);
        var map = new BpfMap(handle, path);
        try
        {
            _ = map.Info; // refuses a pinned program or link here instead of at the first lookup
            return map;
        }
        catch
        {
            handle.Dispose();
            throw;
        }
    }

    /// <summary>Opens a pinned map, or null when nothing is pinned there.</summary>
    public static BpfMap? TryOpenPinned(string path, bool readOnly = false)
    {
        try
        {
            return OpenPinned(path, readOnly);
        }
        catch (BpfException e) when (e.Errno == Errno.ENOENT)
        {
            return null;
        }
    }

    /// <summary>Opens a map by its kernel-wide id.</summary>
    public static BpfMap OpenById(uint id) =>
        new(Sys.Own(Libbpf.bpf_map_get_fd_by_id(id), "open map", $"id {id}"), $"id {id}");

    /// <summary>Creates a map that is not declared in any object (inner maps, tests).</summary>
    public static BpfMap Create(BpfMapSpec spec)
    {
        var opts = new BpfMapCreateOpts { Sz = (nuint)sizeof(BpfMapCreateOpts), MapFlags = spec.Flags };
        if (spec.InnerMap is { } inner)
        {
            opts.InnerMapFd = (uint)inner.Handle.Number;
        }

        var fd = Libbpf.bpf_map_create((int)spec.Type, spec.Name, (uint)spec.KeySize, (uint)spec.ValueSize, spec.MaxEntries, &opts);
        GC.KeepAlive(spec);
        return new BpfMap(Sys.Own(fd, "create map", spec.Name), spec.Name);
    }

    /// <summary>Pins the map; the path must not exist and lie in a bpffs.</summary>
    public void Pin(string path) => BpfPin.Pin(Handle, path, "map");

    /// <summary>A typed view on the same fd. Sizes are checked against the kernel's.</summary>
    /// <exception cref="BpfLayoutException">Key or value size differs.</exception>
    public BpfMap<TKey, TValue> As<TKey, TValue>()
        where TKey : unmanaged
        where TValue : unmanaged => new(this);

    /// <summary>A typed view of a per-CPU map on the same fd.</summary>
    /// <exception cref="BpfLayoutException">Not per CPU, or sizes differ.</exception>
    public BpfPerCpuMap<TKey, TValue> AsPerCpu<TKey, TValue>()
        where TKey : unmanaged
        where TValue : unmanaged => new(this);

    /// <summary>A typed view of a map of maps on the same fd.</summary>
    /// <exception cref="BpfLayoutException">Not a map of maps, or the key size differs.</exception>
    public BpfMapOfMaps<TKey> AsMapOfMaps<TKey>()
        where TKey : unmanaged => new(this);

    /// <summary>The types the kernel keeps for this map; null where the map was created without.</summary>
    public BtfSpec? ReadBtf() => Info.BtfId == 0 ? null : BpfBtf.Read(Info.BtfId);

    public void Dispose() => Handle.Dispose();

    private BpfMapInfo ReadInfo()
    {
        BpfMapInfo.Raw raw = default;
        BpfPin.RequireKind(Handle, "anon_inode:bpf-map", Name, "map");
        var length = (uint)sizeof(BpfMapInfo.Raw);
        BpfException.Check(Libbpf.bpf_obj_get_info_by_fd(Handle, &raw, &length), "read info of map", Name);
        return BpfMapInfo.From(raw);
    }
}
