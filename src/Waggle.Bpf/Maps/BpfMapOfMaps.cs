namespace Waggle.Bpf;

/// <summary>A map whose values are maps. Replacing an inner map is atomic for programs: they see the old or the new one, whole.</summary>
public sealed unsafe class BpfMapOfMaps<TKey> : IDisposable
    where TKey : unmanaged
{
    internal BpfMapOfMaps(BpfMap map)
    {
        Map = map;
        if (!map.Info.IsMapOfMaps || map.Info.KeySize != sizeof(TKey))
        {
            throw new BpfLayoutException($"map {map.Name}", $"it is a {map.Info.Type} with {map.Info.KeySize}-byte keys, not a map of maps with {sizeof(TKey)}");
        }
    }

    /// <summary>The untyped map below; disposed with this view.</summary>
    public BpfMap Map { get; }

    /// <summary>Puts an inner map under a key; it lives as long as the entry, also when <paramref name="inner"/> is disposed.</summary>
    public void Set(in TKey key, BpfMap inner)
    {
        var held = false;
        try
        {
            inner.Handle.DangerousAddRef(ref held);
            var fd = inner.Handle.Number;
            fixed (TKey* k = &key)
            {
                Map.Update(k, &fd, BpfUpdate.Any);
            }
        }
        finally
        {
            if (held)
            {
                inner.Handle.DangerousRelease();
            }
        }
    }

    /// <summary>Opens the inner map of a key; null if there is none.</summary>
    public BpfMap? Open(in TKey key)
    {
        uint id;
        fixed (TKey* k = &key)
        {
            return Map.TryLookup(k, &id) ? BpfMap.OpenById(id) : null;
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

    /// <summary>All keys with the kernel ids of their inner maps.</summary>
    public IEnumerable<KeyValuePair<TKey, uint>> Entries()
    {
        var scan = new BpfMapScan(Map, remove: false);
        while (scan.MoveNext())
        {
            for (var i = 0; i < scan.Count; i++)
            {
                yield return new(scan.Key<TKey>(i), BitConverter.ToUInt32(scan.Value(i)));
            }
        }
    }

    public void Dispose() => Map.Dispose();
}
