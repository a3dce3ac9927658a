using System.Runtime.InteropServices;
using System.Text;

namespace Waggle.Bpf;

/// <summary>What the kernel says about a map (struct bpf_map_info).</summary>
/// <param name="Id">Kernel-wide id.</param>
/// <param name="Type">Kind of map.</param>
/// <param name="KeySize">Key size in bytes.</param>
/// <param name="ValueSize">Value size in bytes (of one CPU for per-CPU maps).</param>
/// <param name="MaxEntries">Capacity (bytes for a ring buffer).</param>
/// <param name="Flags">BPF_F_* creation flags.</param>
/// <param name="Name">Name, cut to 15 characters by the kernel.</param>
/// <param name="BtfId">Id of the BTF that describes it, 0 if none.</param>
/// <param name="KeyTypeId">BTF id of the key type.</param>
/// <param name="ValueTypeId">BTF id of the value type.</param>
public sealed record BpfMapInfo(
    uint Id,
    BpfMapType Type,
    int KeySize,
    int ValueSize,
    uint MaxEntries,
    uint Flags,
    string Name,
    uint BtfId,
    int KeyTypeId,
    int ValueTypeId)
{
    /// <summary>Whether the value is an array with one element per possible CPU.</summary>
    public bool IsPerCpu => Type is BpfMapType.PerCpuArray or BpfMapType.PerCpuHash or BpfMapType.LruPerCpuHash or BpfMapType.PerCpuCgroupStorage;

    /// <summary>Whether the value is another map.</summary>
    public bool IsMapOfMaps => Type is BpfMapType.ArrayOfMaps or BpfMapType.HashOfMaps;

    internal static unsafe BpfMapInfo From(in Raw raw)
    {
        fixed (byte* name = raw.Name)
        {
            var text = MemoryMarshal.CreateReadOnlySpanFromNullTerminated(name);
            return new BpfMapInfo(raw.Id, (BpfMapType)raw.Type, (int)raw.KeySize, (int)raw.ValueSize, raw.MaxEntries, raw.MapFlags,
                Encoding.UTF8.GetString(text), raw.BtfId, (int)raw.BtfKeyTypeId, (int)raw.BtfValueTypeId);
        }
    }

    [StructLayout(LayoutKind.Explicit, Size = 88)]
    internal unsafe struct Raw
    {
        [FieldOffset(0)] public uint Type;
        [FieldOffset(4)] public uint Id;
        [FieldOffset(8)] public uint KeySize;
        [FieldOffset(12)] public uint ValueSize;
        [FieldOffset(16)] public uint MaxEntries;
        [FieldOffset(20)] public uint MapFlags;
        [FieldOffset(24)] public fixed byte Name[16];
        [FieldOffset(64)] public uint BtfId;
        [FieldOffset(68)] public uint BtfKeyTypeId;
        [FieldOffset(72)] public uint BtfValueTypeId;
    }
}
