namespace Waggle.Bpf;

/// <summary>What to create with <see cref="BpfMap.Create"/>. Sizes in bytes.</summary>
public sealed record BpfMapSpec(BpfMapType Type, string Name, int KeySize, int ValueSize, uint MaxEntries)
{
    /// <summary>BPF_F_* creation flags (for example BPF_F_NO_PREALLOC = 1, required by LPM tries).</summary>
    public uint Flags { get; init; }

    /// <summary>Template of the inner maps, for maps of maps.</summary>
    public BpfMap? InnerMap { get; init; }

    /// <summary>The spec that an object's declaration asks for, under another name (at most 15 characters).</summary>
    public static BpfMapSpec From(BpfMapDeclaration declaration, string name) =>
        new(declaration.Type, name, declaration.KeySize, declaration.ValueSize, declaration.MaxEntries) { Flags = declaration.Flags };
}
