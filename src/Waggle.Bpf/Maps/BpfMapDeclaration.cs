namespace Waggle.Bpf;

/// <summary>A map as an object file declares it.</summary>
/// <param name="Name">Name in the object.</param>
/// <param name="Type">Kind of map.</param>
/// <param name="KeySize">Key size in bytes.</param>
/// <param name="ValueSize">Value size in bytes.</param>
/// <param name="MaxEntries">Capacity (bytes for a ring buffer).</param>
/// <param name="Flags">BPF_F_* creation flags.</param>
/// <param name="Extra">map_extra (Bloom filter hashes).</param>
/// <param name="KeyTypeId">BTF id of the key type in the object, 0 if undeclared.</param>
/// <param name="ValueTypeId">BTF id of the value type in the object, 0 if undeclared.</param>
/// <param name="IsInternal">.rodata, .data, .bss and the like.</param>
/// <param name="PinByName">Declared with <c>LIBBPF_PIN_BY_NAME</c>: shared between objects and restarts.</param>
public sealed record BpfMapDeclaration(
    string Name,
    BpfMapType Type,
    int KeySize,
    int ValueSize,
    uint MaxEntries,
    uint Flags,
    ulong Extra,
    int KeyTypeId,
    int ValueTypeId,
    bool IsInternal,
    bool PinByName);
