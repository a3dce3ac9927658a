namespace Waggle.Bpf;

/// <summary>
/// A BPF map with blittable keys and values. The structs come from the generated ABI, so they have no hidden padding.
/// Expected outcomes (absent, present) are return values; refusals of the kernel throw <see cref="BpfException"/>.
/// </summary>
public sealed unsafe partial class BpfMap<TKey, TValue> : IDisposable
    where TKey : unmanaged
    where TValue : unmanaged
{
    internal BpfMap(BpfMap map)
    {
        Map = map;
        var info = map.Info;
        if (info.KeySize != sizeof(TKey))
        {
            throw new BpfLayoutException($"map {map.Name}", $"its key has {info.KeySize} bytes, {typeof(TKey).Name} has {sizeof(TKey)}");
        }

        if (info.ValueSize != sizeof(TValue))
        {
            throw new BpfLayoutException($"map {map.Name}", $"its value has {info.ValueSize} bytes, {typeof(TValue).Name} has {sizeof(TValue)}");
        }

        if (info.IsPerCpu || info.IsMapOfMaps)
        {
            throw new BpfLayoutException($"map {map.Name}", $"it is a {info.Type}: use {(info.IsPerCpu ? "BpfPerCpuMap" : "BpfMapOfMaps")}");
        }
    }

    /// <summary>The untyped map below; disposed with this view.</summary>
    public BpfMap Map { get; }

    /// <summary>Looks a key up.</summary>
    public bool TryLookup(in TKey key, out TValue value)
    {
        fixed (TKey* k = &key)
        fixed (TValue* v = &value)
        {
            return Map.TryLookup(k, v);
        }
    }

    /// <summary>Writes an entry, new or not.</summary>
    /// <exception cref="BpfMapFullException">The map is full.</exception>
    public void Update(in TKey key, in TValue value)
    {
        fixed (TKey* k = &key)
        fixed (TValue* v = &value)
        {
            Map.Update(k, v, BpfUpdate.Any);
        }
    }

    /// <summary>Writes an entry only if the key is absent; false if it is present.</summary>
    public bool TryAdd(in TKey key, in TValue value)
    {
        fixed (TKey* k = &key)
        fixed (TValue* v = &value)
        {
            return Map.Update(k, v, BpfUpdate.NoExist);
        }
    }

    /// <summary>Writes an entry only if the key is present; false if it is absent.</summary>
    public bool TryReplace(in TKey key, in TValue value)
    {
        fixed (TKey* k = &key)
        fixed (TValue* v = &value)
        {
            return Map.Update(k, v, BpfUpdate.Exist);
        }
    }

    /// <summary>Removes an entry; false if it was absent.</summary>
    public bool Delete(in TKey key)
    {
        fixed (TKey* k = &key)
        {
            return Map.Delete(k);
        }
    }

    /// <summary>Takes an entry out, atomically for hashes (Linux 5.14) and queues.</summary>
    public bool TryTake(in TKey key, out TValue value)
    {
        fixed (TKey* k = &key)
        fixed (TValue* v = &value)
        {
            return Map.TryTake(k, v);
        }
    }

    public void Dispose() => Map.Dispose();
}
