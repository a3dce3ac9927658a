namespace Waggle.Tools.AbiGen;

/// <summary>Fixed-width typedefs of linux/types.h and the C# types that stand for them.</summary>
internal static class Scalars
{
    internal static readonly IReadOnlyDictionary<string, string> ByTypedef = new Dictionary<string, string>
    {
        ["__u8"] = "byte",
        ["__u16"] = "ushort",
        ["__u32"] = "uint",
        ["__u64"] = "ulong",
        ["__s8"] = "sbyte",
        ["__s16"] = "short",
        ["__s32"] = "int",
        ["__s64"] = "long",
        ["__be16"] = "BigEndian16",
        ["__be32"] = "BigEndian32",
        ["__be64"] = "BigEndian64",
    };
}
