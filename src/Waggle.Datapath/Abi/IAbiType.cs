using System.Collections.Immutable;
using Waggle.Bpf.Btf;

namespace Waggle.Datapath.Abi;

/// <summary>A struct generated from bpf/abi.</summary>
public interface IAbiType
{
    /// <summary>Name of the C struct.</summary>
    static abstract string StructName { get; }
}

/// <summary>An enum of bpf/abi: C name and values.</summary>
public sealed record AbiEnum(string Name, ImmutableArray<BtfEnumValue> Values);
