using Waggle.Datapath.Abi;

namespace Waggle.Datapath.Maps;

/// <summary>A map that user space knows: shared by all objects and pinned under its name.</summary>
/// <param name="Name">Name in C, and of the pin.</param>
/// <param name="Key">C struct of the key; "u32" for a plain number; empty where there is none.</param>
/// <param name="Value">C struct of the value; empty where there is none.</param>
public sealed record MapDefinition(string Name, string Key, string Value)
{
    /// <summary>Struct keys and values.</summary>
    internal static MapDefinition Of<TKey, TValue>(string name)
        where TKey : unmanaged, IAbiType
        where TValue : unmanaged, IAbiType => new(name, TKey.StructName, TValue.StructName);

    /// <summary>Keys are numbers.</summary>
    internal static MapDefinition Indexed<TValue>(string name)
        where TValue : unmanaged, IAbiType => new(name, "u32", TValue.StructName);
}
