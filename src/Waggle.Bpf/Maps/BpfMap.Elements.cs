using Waggle.Bpf.Interop;
using Waggle.Linux;

namespace Waggle.Bpf;

public sealed unsafe partial class BpfMap
{
    /// <summary>Looks a key up; value takes <see cref="UserValueSize"/> bytes.</summary>
    public bool TryLookup(ReadOnlySpan<byte> key, Span<byte> value)
    {
        RequireKey(key);
        RequireValue(value);
        fixed (byte* k = key)
        fixed (byte* v = value)
        {
            return TryLookup(k, v);
        }
    }

    /// <summary>Writes an entry; false when <paramref name="mode"/> forbids it (present or absent).</summary>
    /// <exception cref="BpfMapFullException">The map is full.</exception>
    public bool Update(ReadOnlySpan<byte> key, ReadOnlySpan<byte> value, BpfUpdate mode = BpfUpdate.Any)
    {
        RequireKey(key);
        RequireValue(value);
        fixed (byte* k = key)
        fixed (byte* v = value)
        {
            return Update(k, v, mode);
        }
    }

    /// <summary>Removes an entry; false if it was absent.</summary>
    public bool Delete(ReadOnlySpan<byte> key)
    {
        RequireKey(key);
        fixed (byte* k = key)
        {
            return Delete(k);
        }
    }

    /// <summary>Makes the map read-only for user space, for ever.</summary>
    public void Freeze() => BpfException.Check(Libbpf.bpf_map_freeze(Handle), "freeze map", Name);

    internal bool TryLookup(void* key, void* value) =>
        Found(Libbpf.bpf_map_lookup_elem_flags(Handle, key, value, 0), "look up in map");

    internal bool TryTake(void* key, void* value) =>
        Found(Libbpf.bpf_map_lookup_and_delete_elem(Handle, key, value), "take from map");

    internal bool Delete(void* key) => Found(Libbpf.bpf_map_delete_elem(Handle, key), "delete from map");

    internal bool Update(void* key, void* value, BpfUpdate mode)
    {
        var result = Libbpf.bpf_map_update_elem(Handle, key, value, (ulong)mode);
        return (Errno)(-result) switch
        {
            <= Errno.None => true,
            Errno.EEXIST when mode == BpfUpdate.NoExist => false,
            Errno.ENOENT when mode == BpfUpdate.Exist => false,
            Errno.E2BIG or Errno.ENOSPC => throw new BpfMapFullException(Name, Info.MaxEntries, (Errno)(-result)),
            var errno => throw new BpfException("update map", Name, errno),
        };
    }

    private bool Found(int result, string operation) => (Errno)(-result) switch
    {
        <= Errno.None => true,
        Errno.ENOENT => false,
        var errno => throw new BpfException(operation, Name, errno),
    };

    private void RequireKey(ReadOnlySpan<byte> key)
    {
        if (key.Length != Info.KeySize)
        {
            throw new BpfLayoutException($"map {Name}", $"its key has {Info.KeySize} bytes, {key.Length} given");
        }
    }

    private void RequireValue(ReadOnlySpan<byte> value)
    {
        if (value.Length != UserValueSize)
        {
            throw new BpfLayoutException($"map {Name}", $"its value takes {UserValueSize} bytes, {value.Length} given");
        }
    }
}
